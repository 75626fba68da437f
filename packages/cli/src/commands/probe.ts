// `tidemark probe`: purges the probed pages, and measures when each address answers with the new ones.
import { type ExitCode, exitCode, interruption } from "../command-error.ts";
import { type AddCommand, repeated, type Session, wholeNumber } from "../session.ts";
import { siteAddress } from "../site/chosen-site.ts";
import { SiteClient } from "../site/site-client.ts";
import { tableOf } from "../terminal.ts";
import type { OperatorAnswer } from "../../../../src/protocol/answers.ts";
import type { World } from "../world.ts";

interface ProbeOptions {
  readonly via?: readonly string[];
  readonly rounds: number;
}

export const addProbe: AddCommand = (program, act) => {
  program
    .command("probe")
    .summary("measure when purges take effect, and find late ones")
    .description(
      "Purges the pages of the site's purge probe, reads them until the new versions answer, and shows the lag of each address. Needs `probe` in the site's configuration. The exit code is 3 if a purged version answered after N, or if a page was not verified.",
    )
    .option(
      "--via <url>",
      "also read the pages at this colo's address; may be given several times",
      repeated,
    )
    .option("--rounds <number>", "the number of purges, up to 1000", wholeNumber(1, 1_000), 1)
    .addHelpText("after", examples)
    .action(act<ProbeOptions>(probe));
};

const examples = `
Examples:
  tidemark probe
  tidemark probe --rounds 10 --json
  tidemark probe --via https://fra.example.com --via https://nrt.example.com`;

async function probe(session: Session, { via = [], rounds }: ProbeOptions): Promise<ExitCode> {
  const { terminal, world } = session;
  const site = await session.chosenSite();
  const further = via.map((address) => {
    const { origin } = siteAddress({ site: address, operatorPath: undefined, from: "--via" });
    return new SiteClient({ ...site, origin }, world);
  });
  const checks: PageCheck[] = [];
  const positions: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const done = await probeRound([new SiteClient(site, world), ...further], world);
    if (world.interrupted.aborted) throw interruption("The round is incomplete.");
    positions.push(done.position);
    checks.push(...done.checks);
  }
  const late = checks.filter(({ result }) => result === "late").length;
  const unknown = checks.filter(({ result }) => result === "unknown").length;
  const seen = seenIn(checks);
  terminal.json({ positions, checks, late, unknown, seen });
  for (const line of tableOf([heads, ...checks.map(rowOf)], new Set([4, 5]))) terminal.print(line);
  terminal.print("");
  terminal.print(`Late: ${late} of ${checks.length}. Not verified: ${unknown}.`);
  terminal.print(`Seen within 2 s: ${sentenceOf(seen.within2Seconds)}`);
  terminal.print(`Seen within N: ${sentenceOf(seen.withinN)}`);
  return late + unknown > 0 ? exitCode.findings : exitCode.done;
}

interface Share {
  readonly seen: number;
  /** The observed purges, one for each page and address of a round. */
  readonly of: number;
  readonly nines: number;
}

/** Counts the purges whose new version was read in time. A purge that was not verified was not observed. */
function seenIn(checks: readonly PageCheck[]) {
  const observed = checks.filter(({ result }) => result !== "unknown");
  const within = (secondsOf: (check: PageCheck) => number): Share => {
    const isSeen = (check: PageCheck) =>
      check.result === "new" && (check.lagSeconds ?? Infinity) <= secondsOf(check);
    const seen = observed.filter(isSeen).length;
    return { seen, of: observed.length, nines: ninesOf(seen, observed.length) };
  };
  return { within2Seconds: within(() => 2), withinN: within((check) => check.withinSeconds) };
}

/**
 * Returns the nines of a share: 2 for 99 %. Without a miss, the sample limits the claim: 100 purges show at
 * most 2.
 */
export function ninesOf(seen: number, of: number): number {
  if (of === 0) return 0;
  // Rounding must not turn 1 of 1,000 into less than 3 nines.
  return Math.floor(-Math.log10(Math.max(1, of - seen) / of) + 1e-9);
}

const sentenceOf = ({ seen, of, nines }: Share): string =>
  `${seen} of ${of} observed purges, ${nines} ${nines === 1 ? "nine" : "nines"}.`;

const heads = ["address", "colo", "page", "result", "lag", "N"];

const rowOf = ({ address, colo, page, result, lagSeconds, withinSeconds }: PageCheck) => [
  address,
  colo,
  page,
  result,
  lagSeconds === null ? "-" : `${lagSeconds.toFixed(1)} s`,
  `${withinSeconds} s`,
];

/** The result for one page at one address. */
interface PageCheck {
  readonly address: string;
  readonly colo: string;
  readonly page: string;
  /**
   * `late`: a purged version answered a read that began later than N after the purge. `unknown`: no
   * read was verified, or the page is not stored.
   */
  readonly result: "new" | "late" | "unknown";
  /** From the purge until the first read with the new version; `null` without such a read. */
  readonly lagSeconds: number | null;
  readonly withinSeconds: number;
}

interface ProbeRound {
  /** The position of the purge in the journal. */
  readonly position: string;
  readonly checks: readonly PageCheck[];
}

type ReadPage = OperatorAnswer<"probe">["pages"][number];

/** The pause between two reads of an address. */
const pauseMs = 250;
/** The reads before the purge, of which the first may store a page. */
const readsBeforeMax = 4;

/** A page at one address, while its round lasts. */
interface PageReads {
  /** The versions that answered before the purge. */
  readonly before: Set<number>;
  colo: string;
  withinSeconds: number;
  isLate: boolean;
  lagMs: number | undefined;
}

/** The reads of one address in one round. */
class Place {
  readonly #client: SiteClient;
  readonly #world: World;
  readonly #pages = new Map<string, PageReads>();
  answer: OperatorAnswer<"probe"> | undefined;

  constructor(client: SiteClient, world: World) {
    this.#client = client;
    this.#world = world;
  }

  /** Reads until each page is stored, or a few times if one is not. */
  async readBefore(): Promise<OperatorAnswer<"probe">> {
    let answer = await this.#read();
    for (let reads = 1; reads < readsBeforeMax; reads += 1) {
      if (answer.pages.every(({ result }) => result === "stored")) break;
      await this.#world.sleep(pauseMs);
      answer = await this.#read();
    }
    return answer;
  }

  async #read(): Promise<OperatorAnswer<"probe">> {
    const answer = await this.#client.json("probe");
    for (const { page, versionAtMs, withinSeconds } of answer.pages) {
      const { colo } = answer;
      const none = { before: new Set<number>(), isLate: false, lagMs: undefined };
      const watched = { ...(this.#pages.get(page) ?? none), colo, withinSeconds };
      if (versionAtMs !== null) watched.before.add(versionAtMs);
      this.#pages.set(page, watched);
    }
    return answer;
  }

  /** Whether each page that was stored has its new version, or has had the time for it. */
  isDone(sincePurgeMs: number): boolean {
    return [...this.#pages.values()].every(
      ({ before, lagMs, withinSeconds }) =>
        before.size === 0 || lagMs !== undefined || sincePurgeMs > patienceMsOf(withinSeconds),
    );
  }

  /** Reads once after the purge. `purgedAtMs` is by this machine, `acceptedAtMs` by the journal. */
  async readAfter(purge: { readonly purgedAtMs: number; readonly acceptedAtMs: number }) {
    const sincePurgeMs = this.#world.nowAtMs() - purge.purgedAtMs;
    const { pages, colo, allowanceSeconds } = await this.#client.json("probe");
    for (const read of pages) {
      const watched = this.#pages.get(read.page);
      if (watched === undefined || watched.lagMs !== undefined || read.result === "unknown")
        continue;
      const isOld = isOldVersion(
        read,
        watched.before,
        purge.acceptedAtMs - allowanceSeconds * 1_000,
      );
      watched.colo = colo;
      if (!isOld) watched.lagMs = sincePurgeMs;
      else if (sincePurgeMs > read.withinSeconds * 1_000) watched.isLate = true;
    }
  }

  checks(): PageCheck[] {
    return Array.from(this.#pages, ([page, { before, colo, withinSeconds, isLate, lagMs }]) => {
      const isKnown = before.size > 0 && lagMs !== undefined;
      return {
        address: this.#client.site.origin,
        colo,
        page,
        result: isLate ? "late" : isKnown ? "new" : "unknown",
        lagSeconds: isKnown ? lagMs / 1_000 : null,
        withinSeconds,
      };
    });
  }
}

/** The time for which a late purge is awaited. */
const patienceMsOf = (withinSeconds: number) => (3 * withinSeconds + 10) * 1_000;

/** @param oldestAtMs a version that was requested before cannot be new, whatever the clocks say */
function isOldVersion(
  { result, versionAtMs }: ReadPage,
  before: ReadonlySet<number>,
  oldestAtMs: number,
): boolean {
  if (result !== "stored" || versionAtMs === null) return false;
  return before.has(versionAtMs) || versionAtMs < oldestAtMs;
}

/** @param clients one for each address; the purge is sent to the first */
async function probeRound(
  clients: readonly [SiteClient, ...SiteClient[]],
  world: World,
): Promise<ProbeRound> {
  const places = clients.map((client) => new Place(client, world));
  const [answer] = await Promise.all(places.map((place) => place.readBefore()));
  const body = { ...answer?.purge, reason: "tidemark probe" };
  const headers = { "webhook-id": crypto.randomUUID() };
  const { position } = await clients[0].json("purge", { method: "POST", body, headers });
  // The journal accepted the purge before its answer arrived, so no lag is overstated.
  const purgedAtMs = world.nowAtMs();
  const purge = { purgedAtMs, acceptedAtMs: Number(position.split("-", 1)[0]) };
  for (;;) {
    const since = world.nowAtMs() - purgedAtMs;
    const left = places.filter((place) => !place.isDone(since));
    if (left.length === 0 || world.interrupted.aborted) break;
    await Promise.all(left.map((place) => place.readAfter(purge)));
    await world.sleep(pauseMs);
  }
  return { position, checks: places.flatMap((place) => place.checks()) };
}
