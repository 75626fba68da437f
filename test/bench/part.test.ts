// A part of a bench that is gone fails whoever asks it, and not the process that asks.
import { expect, it } from "vitest";
import type { OriginCalls } from "../../bench/attack/origin-process.ts";
import { startPart } from "../../bench/load/part.ts";

it("tells who asks a part that has ended", async () => {
  const program = new URL("../../bench/attack/origin-process.ts", import.meta.url);
  const part = await startPart<OriginCalls>(program);
  expect(await part.call("take")).toBe(0);
  await part.stop();
  await expect(part.call("take")).rejects.toThrow("has ended");
});
