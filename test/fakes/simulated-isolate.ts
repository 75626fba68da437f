// One isolate of the simulated world: a clock that is a little wrong, the product's view of the
// journal, fills from an origin and purges. What it does wrong on purpose is up to a test.
import type { StoredMetadata } from "../../src/http/stored-response.ts";
import type { Entry } from "../../src/purge/entry.ts";
import { JournalView, type JournalViewSettings } from "../../src/purge/journal-view.ts";
import type { PurgeMode } from "../../src/purge/purge-target.ts";
import type { Attention, PurgeJudgement } from "../../src/purge/view.ts";
import { purgeOf, SimulatedJournal, type SimulatedWorld } from "./journal-simulator.ts";

/** A response as an origin made it, and what was stored of it. */
export interface SimulatedFill {
  readonly generatedAtMs: number;
  readonly tag: string;
  readonly metadata: StoredMetadata;
}

/** What a test may put a faulty part in the place of. */
export interface Parts {
  readonly journal: (world: SimulatedWorld, nowAtMs: () => number) => SimulatedJournal;
  readonly view: (settings: JournalViewSettings) => JournalView;
  readonly stampedWhen: "before the request" | "after the answer";
}

export const soundParts: Parts = {
  journal: (world, nowAtMs) => new SimulatedJournal(world, nowAtMs),
  view: (settings) => new JournalView(settings),
  stampedWhen: "before the request",
};

export class SimulatedIsolate {
  readonly view: JournalView;
  readonly colo: string;
  /** This clock less the true time. */
  readonly offsetMs: number;
  readonly #world: SimulatedWorld;
  readonly #journal: SimulatedJournal;
  readonly #stampedWhen: Parts["stampedWhen"];

  constructor(world: SimulatedWorld, colo: string, parts: Parts) {
    const { maxLagMs, allowanceMs, clockErrorMs } = world.settings;
    this.#world = world;
    this.colo = colo;
    this.offsetMs = world.between(0, clockErrorMs) - Math.floor(clockErrorMs / 2);
    this.#journal = parts.journal(world, this.nowAtMs);
    this.view = parts.view({
      journal: this.#journal,
      nowAtMs: this.nowAtMs,
      maxLagMs,
      allowanceMs,
      timeoutMs: 2_000,
    });
    this.#stampedWhen = parts.stampedWhen;
  }

  readonly nowAtMs = (): number => this.#world.atMs + this.offsetMs;

  get #attention(): Attention {
    return { atMs: this.nowAtMs(), afterAnswer: (work) => void work() };
  }

  /** A request arrives; nobody waits here for what it starts. */
  attend(): void {
    void this.view.attend(this.#attention);
  }

  seek(): void {
    void this.view.seek(this.#attention);
  }

  judge({ metadata }: SimulatedFill): PurgeJudgement {
    const { maxLagMs } = this.#world.settings;
    return this.view.judge(metadata, { atMs: this.nowAtMs(), maxLagMs, colo: this.colo });
  }

  /** Rule 1: the stamp and the clock first, then the origin. */
  async fill(tag: string): Promise<SimulatedFill> {
    const world = this.#world;
    let stamp = await this.view.stamp(this.#attention);
    const requestedAtMs = this.nowAtMs();
    await world.sleep(world.between(0, 3_000));
    const generatedAtMs = world.atMs;
    await world.sleep(world.between(0, 3_000));
    if (this.#stampedWhen === "after the answer") stamp = await this.view.stamp(this.#attention);
    const url = `https://www.example.com/${tag}`;
    const metadata: StoredMetadata = {
      ...blank,
      url,
      stamp,
      requestedAtMs,
      colo: this.colo,
      tags: [tag],
      respondedAtMs: this.nowAtMs(),
    };
    return { generatedAtMs, tag, metadata };
  }

  /** @returns the entry that the journal says it has */
  async purge(tag: string, mode: PurgeMode): Promise<Entry | undefined> {
    const purge = purgeOf(this.#world, tag, mode);
    const appended = await this.#journal.append([purge]);
    if (appended.kind === "unavailable") return undefined;
    const entry = { ...purge, position: appended.positions[0] ?? "" };
    this.view.accepted([entry]);
    return entry;
  }
}

const blank = {
  route: "",
  status: 200,
  statusText: "",
  fields: [],
  selecting: [],
  bodyBytes: 0,
  bodyDigest: null,
  fillCostMs: 0,
  jitterDraw: 0,
};
