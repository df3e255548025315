import { expect, it } from "vitest";
import { serverUser } from "./mariadb.ts";

it("asks no name of whoever starts the server, who may have none", () => {
  expect([serverUser(0), serverUser(12_345)]).toEqual([["--user=root"], []]);
});
