// Tests the refusals of `npm start`'s options. A refusal is one line, and discloses no password.
import { expect, it } from "vitest";
import { readStartOptions } from "../../local/start-options.ts";

it.each([
  ["--port 0", /--port is invalid/],
  ["--colos 0", /--colos is invalid/],
  ["--cache", /Unknown option '--cache'/],
  ["--origin example.com", /--origin is invalid.*not a URL/],
  ["--origin http://x/y", /has a path or a query/],
  ["--origin http://u:hidden@x", /user name/],
  ["--origin http://x?u@hidden", /path or a query/],
  ["--redis http://x", /--redis is invalid/],
  ["--allowed-host http://x.test", /--allowed-host is invalid.*not a host without a port/],
])("npm start refuses %s", (args, says) => {
  expect(() => readStartOptions(args.split(" "))).toThrow(
    expect.objectContaining({
      name: "OperatorError",
      message: expect.stringMatching(says) as string,
    }),
  );
  expect(() => readStartOptions(args.split(" "))).not.toThrow(/hidden|\n/);
});
