// Tests that results for names that clients choose are made once, within limits.
import { expect, it, vi } from "vitest";
import { onceForChosen } from "../../src/base/once.ts";

it("makes a value for a name once, until 512 names are known", () => {
  const make = vi.fn<(name: string) => boolean>((name) => name === "a");
  const isA = onceForChosen(make);
  for (const name of ["a", "b", "a", "b"]) expect(isA(name)).toBe(name === "a");
  expect(make).toHaveBeenCalledTimes(2);
  for (let nth = 0; nth < 511; nth += 1) isA(`x-${nth}`);
  make.mockClear();
  isA("a");
  expect(make).toHaveBeenCalledTimes(1);
});

it("keeps no result of a long name", () => {
  const make = vi.fn<(name: string) => string>((name) => name);
  const same = onceForChosen(make);
  const long = "n".repeat(65);
  for (const name of [long, long]) expect(same(name)).toBe(name);
  expect(make).toHaveBeenCalledTimes(2);
});
