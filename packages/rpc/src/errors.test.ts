// Every way in which a call can fail, and the error that its caller gets, in one table.
import { Code, ConnectError } from "@connectrpc/connect";
import { AppError, COMMON_ERRORS, commonError, HTTP_STATUS } from "@muster/errors";
import { LimitReachedError, WaitAbandonedError } from "@muster/runtime";
import { describe, expect, it } from "vitest";
import { faultOf, toAppError, toConnectError } from "./errors.ts";

const codes = Object.entries(Code).filter((entry): entry is [string, Code] => typeof entry[1] === "number");

/** [what happened, what was thrown, code, HTTP status, retryable] */
const CAUSES: readonly (readonly [string, unknown, string, number, boolean])[] = [
  ["transport", new ConnectError("lost", Code.Unavailable), "unavailable", 503, true],
  ["pool and statement", commonError("unavailable"), "unavailable", 503, true],
  ["a full queue", new LimitReachedError("full"), "busy", 429, true],
  ["a wait that was given up", new WaitAbandonedError("gone"), "deadline_exceeded", 504, true],
  ["cancel", new DOMException("gone", "AbortError"), "deadline_exceeded", 504, true],
  ["cancel on the way", new ConnectError("gone", Code.Canceled), "deadline_exceeded", 504, true],
  ["deadline", new ConnectError("late", Code.DeadlineExceeded), "deadline_exceeded", 504, true],
  ["a timer", new DOMException("late", "TimeoutError"), "deadline_exceeded", 504, true],
  ["size", new ConnectError("message size 300000 is larger", Code.ResourceExhausted), "internal", 500, false],
  ["a rule of the contract", new ConnectError("name: too long", Code.InvalidArgument), "invalid_request", 400, false],
  ["a bug", new TypeError("x is undefined"), "internal", 500, false],
  ["no error at all", "text", "internal", 500, false],
];

describe.each(CAUSES)("%s", (_what, thrown, code, status, retryable) => {
  it.each([
    ["where it is thrown", (): AppError => faultOf(thrown)],
    ["one call away", (): AppError => toAppError(toConnectError(thrown))],
    ["two calls away", (): AppError => toAppError(toConnectError(toAppError(toConnectError(thrown))))],
  ])("%s", (_where, told) => {
    const err = told();
    expect([err.code, HTTP_STATUS[err.row.grpc], err.row.retryable]).toEqual([code, status, retryable]);
  });
});

describe.each(codes)("a status that no table of ours has given: %s", (_name, code) => {
  it("gets a code whose own status it is", () => {
    const err = toAppError(new ConnectError("from elsewhere", code));
    expect(COMMON_ERRORS).toHaveProperty(err.code);
    expect(err.row).toEqual(COMMON_ERRORS[err.code as keyof typeof COMMON_ERRORS]);
  });
});

it("a refusal of a table goes through unchanged, however many processes it passes", () => {
  const refused = new AppError(
    "channel_full",
    { grpc: "resource_exhausted", retryable: false, message: "The room is full." },
    { details: { max: 5 } },
  );
  const told = toAppError(toConnectError(toAppError(toConnectError(refused))));
  expect(told).toMatchObject({ code: "channel_full", message: "The room is full.", details: { max: 5 } });
  expect(told.row).toEqual(refused.row);
});
