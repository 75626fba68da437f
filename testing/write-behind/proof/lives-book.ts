// Records adds that are not durable: the number that each life of a place has received, and the
// life's own counts of them. A life is one isolate or process.
import type { Violation } from "./adds-book.ts";
import type { SettledCalls } from "./calls.ts";

/** The maximum number of adds that an isolate holds. */
const heldMax = 10_000;

interface Life {
  /** The number of adds in calls that this life has answered. */
  answered: number;
  settled: SettledCalls;
}

export interface LivesJudged {
  readonly violations: readonly Violation[];
  readonly accepted: number;
  readonly lost: number;
  readonly inDoubt: number;
  /** The number of adds that ended lives had received, and had not yet counted. */
  readonly heldAtEnd: number;
}

export class LivesBook {
  readonly #lives = new Map<string, Life>();
  /** The number of adds in calls without an answer. A life may have received them. */
  unansweredCount = 0;

  /**
   * Records the counts in an answer of a life. Each count only grows, so the largest value is the
   * newest.
   */
  seen(life: string, settled: SettledCalls, addCount: number): void {
    const before = this.#lives.get(life) ?? { answered: 0, settled };
    this.#lives.set(life, {
      answered: before.answered + addCount,
      settled: {
        accepted: Math.max(before.settled.accepted, settled.accepted),
        lost: Math.max(before.settled.lost, settled.lost),
        inDoubt: Math.max(before.settled.inDoubt, settled.inDoubt),
      },
    });
  }

  /**
   * @param counted the number of adds that the database has counted
   * @param alive the lives that have flushed all adds they held
   */
  judge(counted: number, alive: ReadonlySet<string>): LivesJudged {
    const violations: Violation[] = [];
    const sums = { accepted: 0, lost: 0, inDoubt: 0, heldAtEnd: 0 };
    for (const [name, { answered, settled }] of this.#lives) {
      const { accepted, lost, inDoubt } = settled;
      const uncounted = Math.max(0, answered - accepted - lost - inDoubt);
      sums.accepted += accepted;
      sums.lost += lost;
      sums.inDoubt += inDoubt;
      const said = `${name} has answered for ${answered} adds, and counts ${accepted} as accepted, ${lost} as lost and ${inDoubt} as in doubt.`;
      if (accepted + lost + inDoubt > answered + this.unansweredCount) {
        violations.push({ rule: "call-uncounted", what: said });
      }
      if (alive.has(name)) {
        if (uncounted > 0) violations.push({ rule: "call-uncounted", what: said });
        continue;
      }
      sums.heldAtEnd += uncounted;
      if (uncounted > heldMax) violations.push({ rule: "held-too-much", what: said });
    }
    const most = sums.accepted + sums.inDoubt + sums.heldAtEnd + this.unansweredCount;
    if (counted < sums.accepted || counted > most) {
      const what = `The database has counted ${counted} adds; the isolates' counts allow ${sums.accepted} to ${most}.`;
      violations.push({ rule: "loss-uncounted", what });
    }
    return { violations, ...sums };
  }
}
