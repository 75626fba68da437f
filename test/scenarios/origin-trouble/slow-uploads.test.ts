// Bodies on their way to a database that is slow: how much of them is held at one time.
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

it("as much as the memory tier may hold; what comes beyond goes without", async () => {
  const clock = new FakeClock();
  const upstash = new SlowToTake(clock);
  const site = openSite({
    clock,
    upstash,
    config: { limits: { memoryBytes: 4 * pageBytes } },
    // What cannot be packed is held as long as it is.
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
  // What ended counts no more.
  clock.advance(1);
  await site.get("/later");
  expect(upstash.text).toContain('https://www.example.com/later"');
});
