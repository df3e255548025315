import { afterAll, expect, it } from "vitest";
import { restServer } from "../../test/rest-server.ts";
import { Downloads } from "../downloads.ts";

const [MATCH, ANN] = ["01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e", "01a20ab2-2d4a-7326-a77a-000000000001"];
const FILE = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251));
let bytesRead = 0;
const replay = {
  async readReplayFile({ offset = 0, bytesMax }: { offset?: number; bytesMax: number }) {
    const content = FILE.subarray(offset, offset + bytesMax);
    bytesRead += content.length;
    return { content, fileBytes: FILE.length, fileHash: "ab".repeat(32) };
  },
};
const server = restServer(ANN, { clients: { replay, downloads: new Downloads() } as never });
afterAll(() => server.close());

const ask = (method: "GET" | "HEAD", headers: Record<string, string>) =>
  server.inject({
    method,
    url: `/v1/matches/${MATCH}/replay/file`,
    headers: { authorization: "Bearer aaaa", ...headers },
  });

it.each([
  ["the whole file", {}, 200, FILE.length],
  ["a range", { range: "bytes=100-199" }, 206, 100],
  ["what the client has", { "if-none-match": `"${"ab".repeat(32)}"` }, 304, 0],
])(
  "HEAD of %s has the headers of GET, and reads nothing of the file but its size",
  async (_what, headers, status, length) => {
    const get = await ask("GET", headers as Record<string, string>);
    expect([get.statusCode, get.rawPayload.length]).toEqual([status, length]);
    bytesRead = 0;
    const head = await ask("HEAD", headers as Record<string, string>);
    const { traceparent: _1, date: _2, ...expected } = get.headers;
    const { traceparent: _3, date: _4, ...found } = head.headers;
    expect(head.statusCode).toBe(status);
    expect(found).toEqual(expected);
    expect(head.body).toBe("");
    expect(bytesRead).toBe(1);
  },
);
