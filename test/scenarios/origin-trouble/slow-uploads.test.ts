// Tests how many bytes of bodies wait in memory for a slow Redis at the same time.
import { expect, it } from "vitest";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { idle, openSite, read } from "../../../testing/site/harness.ts";
import { cc, closedGate, page } from "../../../testing/fakes/origin-in-process.ts";

const pageBytes = 262_144;

class SlowToTake extends FakeUpstash {
  readonly gate = closedGate();
  waitingBytes = 0;

  override async answer(path: string, body: unknown): Promise<Response> {
    const text = JSON.stringify(body);
    if (/^\["set","[^"]*:r:/i.test(text)) {
      this.waitingBytes += text.length;
      await this.gate.opened;
    }
    return super.answer(path, body);
  }
}

it("bodies that wait for Redis take at most a quarter of the bytes of the memory tier", async () => {
  const clock = new FakeClock();
  const upstash = new SlowToTake(clock);
  const site = openSite({
    clock,
    upstash,
    config: { limits: { memoryBytes: 16 * pageBytes } },
    // The content coding prevents compression, so the held text is as long as the body.
    origin: () =>
      page("x".repeat(pageBytes - 1_024), cc("max-age=600", { "content-encoding": "br" })),
  });
  for (let nth = 0; nth < 60; nth += 1) await read(await site.ask(`/${nth}`));
  await idle();
  const heldBytes = upstash.waitingBytes;
  upstash.gate.open();
  await site.settle();
  expect(heldBytes).toBeGreaterThan(pageBytes);
  expect(heldBytes).toBeLessThan(5 * pageBytes);
  // Completed writes no longer count.
  clock.advance(1);
  await site.get("/later");
  expect(upstash.text).toContain('https://www.example.com/later"');
});
