// Logs when a finding begins and ends, as seen by the health checks of this isolate.
import { Condition } from "../../../observe/condition.ts";
import type { Log } from "../../../observe/log-line.ts";
import {
  type Finding,
  type FindingCode,
  findingNeeds,
  type Level,
} from "../../../protocol/finding.ts";
import type { SiteState } from "./site-state.ts";

/** A member of the state beyond this isolate's own. It is `undefined` if a check could not read it. */
type Sight = Exclude<(typeof findingNeeds)[FindingCode], "isolate">;

interface KnownFinding {
  finding: Finding;
  readonly condition: Condition<Level>;
  /**
   * Whether the last check that reported the finding had the needed member beyond this isolate's
   * own state.
   */
  isFromAfar: boolean;
}

/** Logs an isolate's findings. Keeps at most one entry for each code and configured name. */
export class FindingLog {
  readonly #log: Log;
  readonly #known = new Map<string, KnownFinding>();

  constructor(log: Log) {
    this.#log = log;
  }

  /**
   * Logs findings that began or ended since earlier checks. A check never clears a finding that
   * needs data that the check did not read. Anybody can trigger checks, so a finding logs at most
   * one line a minute for each level, and one line a minute for its end.
   *
   * @param findings of this check, the worst first
   */
  looked(findings: readonly Finding[], state: Pick<SiteState, Sight | "atMs">): void {
    const found = new Set<string>();
    for (const finding of findings) {
      // Configuration faults are logged when the isolate starts, and last as long as the isolate.
      if (finding.code === "configuration") continue;
      const key = `${finding.code} ${finding.about ?? ""}`;
      if (found.has(key)) continue;
      found.add(key);
      this.#found(key, finding, state);
    }
    for (const [key, known] of this.#known) {
      if (found.has(key) || !seesAsMuch(known, state)) continue;
      known.isFromAfar = false;
      known.condition.succeeded(state.atMs);
    }
  }

  #found(key: string, finding: Finding, state: Pick<SiteState, Sight | "atMs">): void {
    const known = this.#known.get(key) ?? this.#begun(finding);
    this.#known.set(key, known);
    if (!seesAsMuch(known, state)) return;
    known.finding = finding;
    const needed = findingNeeds[finding.code];
    known.isFromAfar = needed !== "isolate" && state[needed] !== undefined;
    known.condition.failed(finding.level, state.atMs);
  }

  #begun(finding: Finding): KnownFinding {
    const { code, about } = finding;
    const title = about === undefined ? code : `${code} of ${about}`;
    const condition = new Condition<Level>({
      tell: this.#log,
      about: (level) => ({
        event: "finding",
        level: level === "info" ? "info" : "warn",
        code,
        about,
      }),
      troubleLine: () => `There is the finding ${title}. tidemark health says what to do.`,
      wellLine: (lasted) => `The finding ${title} is over after ${lasted}.`,
    });
    const known: KnownFinding = { finding, condition, isFromAfar: false };
    return known;
  }
}

/** Returns whether a check may update or clear a finding of an earlier check. */
function seesAsMuch({ finding, isFromAfar }: KnownFinding, state: Pick<SiteState, Sight>): boolean {
  const needed = findingNeeds[finding.code];
  return !isFromAfar || needed === "isolate" || state[needed] !== undefined;
}
