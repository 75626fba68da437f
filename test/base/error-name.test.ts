// Tests the name and the first frame of a thrown value, which must be safe to log.
import { expect, it } from "vitest";
import { describedError, errorName, firstFrame } from "../../src/base/error-name.ts";
import { OperatorError } from "../../src/base/operator-error.ts";

it.each([
  ["an error", new RangeError("s3cret"), "RangeError"],
  ["a string", "s3cret", "unknown"],
  ["an error whose name is a symbol", Object.assign(new Error(), { name: Symbol("s") }), "unknown"],
])("`errorName` returns a text for %s", (_id, cause, name) => {
  expect(errorName(cause)).toBe(name);
});

/** Returns what `JSON.parse` throws, whose message quotes the text. */
function unreadable(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    return cause;
  }
}

it.each<[string, unknown, RegExp]>([
  ["an error", new Error("s3cret"), /^at .*error-name\.test\.ts.*:\d+\)?$/],
  ["an error without a message", new Error(), /^at .*error-name\.test\.ts/],
  ["a message that looks like a frame", new Error("a\n    at s3cret"), /error-name\.test\.ts/],
  ["a message that quotes a body", unreadable("\n at s3cret"), /^at JSON\.parse/],
  ["a message that was replaced", replaced("a\n    at s3cret"), /^no stack$/],
  ["a string", "s3cret", /^no stack$/],
])("`firstFrame` returns a frame, and no text of %s", (_id, cause, frame) => {
  expect(firstFrame(cause)).toMatch(frame);
  expect(firstFrame(cause)).not.toContain("s3cret");
});

it("`describedError` has the reason and the fix of Tidemark's own errors, and no text of others", () => {
  const given = { what: "The load of users/s3cret failed.", why: "It is late.", hint: "Wait." };
  const own = describedError(new OperatorError(given));
  expect(own).toBe("OperatorError: It is late. Wait.");
  expect(describedError(new RangeError("s3cret"))).toMatch(/^RangeError: at /);
});

/** Returns an error whose stack has another message. */
function replaced(text: string): Error {
  const error = new Error(text);
  const { stack } = error;
  return Object.assign(error, { message: "another", stack });
}
