// Starts the built Worker in front of a scripted origin, for all tests of a file.
import { afterAll } from "vitest";
import type { Colo } from "../../local/colo.ts";
import { Running } from "../../local/running.ts";
import { type Script, type ScriptedOrigin, startScriptedOrigin } from "../fakes/scripted-origin.ts";
import { patientBundle } from "../patient-timeouts.ts";
import { rawRequest } from "./raw-request.ts";
import { startWorld, statsOf, until, type World, type WorldSettings } from "./world.ts";

export interface WorldOfFile extends World {
  readonly origin: ScriptedOrigin;
  /** The first colo, and its address. */
  readonly colo: Colo;
  readonly url: string;
}

/**
 * Starts the origin and the Worker while the file is loaded, and stops both after its tests. By default,
 * the Worker waits for Redis as long as a busy machine needs.
 */
export async function worldOfFile(
  script: Script,
  settings: Omit<WorldSettings, "originUrl"> = {},
): Promise<WorldOfFile> {
  const running = new Running();
  afterAll(() => running.stop());
  const origin = await running.add(startScriptedOrigin(script));
  const world = await running.add(
    startWorld({ originUrl: origin.url, plugins: [patientBundle], ...settings }),
  );
  const [colo] = world.colos;
  if (colo === undefined) throw new Error("A world has at least one colo.");
  return { ...world, origin, colo, url: colo.url };
}

/**
 * Requests a page in each colo: the first to find the journal empty begins it with a purge of
 * everything.
 */
export async function beginJournal({ colos, origin }: WorldOfFile): Promise<void> {
  for (const colo of colos) {
    await rawRequest(colo.url, "/before");
    // On a busy machine, the first read of the journal may end after the request.
    await until(async () => (await statsOf(colo)).journal.ageMs !== null, "a view of the journal");
  }
  origin.seen.splice(0);
}
