// The mutants of src/purge/view that survive, and why no test needs to notice them.
import { changedLine, type Explained } from "./judge.ts";

export const explainedInView: readonly Explained[] = [
  {
    file: "src/purge/view/accepted-purges.ts",
    reason: "Purges do not change the newest post, so without these conditions it is found again.",
    mutants: ["add", "forget"].map(() =>
      changedLine("if (entry.switched !== undefined) this.#findSwitched();", [
        "entry.switched !== undefined",
        "true",
      ]),
    ),
  },
  {
    file: "src/purge/view/accepted-purges.ts",
    reason: "Without this line, the function finds no entry more slowly.",
    mutants: [
      changedLine("if (this.#accepted.size === 0) return none;", [
        "this.#accepted.size === 0",
        "false",
      ]),
    ],
  },
  {
    file: "src/purge/view/accepted-purges.ts",
    reason: "Two purges have one position only after a loss, and apply from the same instant.",
    mutants: [
      changedLine("return comparePositions(one.position, other.position) <= 0 ? one : other;", [
        "<=",
        "<",
      ]),
    ],
  },
  {
    file: "src/purge/view/chain.ts",
    reason: "A chain holds at least one entry.",
    mutants: ["position", "n"].map((name) =>
      changedLine('return { position: entry?.position ?? "", n: entry?.n ?? "" };', [
        `entry?.${name} ?? ""`,
        `entry?.${name} ?? "Stryker was here!"`,
      ]),
    ),
  },
  {
    file: "src/purge/view/chain.ts",
    reason: "The lines after this condition find no purge either, but allocate lists on each hit.",
    mutants: [
      changedLine("if (!this.#newest.some(record, isPurgedSince, since)) return undefined;", [
        "!this.#newest.some(record, isPurgedSince, since)",
        "false",
      ]),
      changedLine("newest.hardAt > since || newestSoft(newest) > since;", [
        "newest.hardAt > since || newestSoft(newest) > since",
        "true",
      ]),
      changedLine("newest.hardAt > since || newestSoft(newest) > since;", [
        "newest.hardAt >",
        "newest.hardAt >=",
      ]),
      changedLine("newest.hardAt > since || newestSoft(newest) > since;", [
        "newestSoft(newest) >",
        "newestSoft(newest) >=",
      ]),
    ],
  },
  {
    file: "src/purge/view/target-index.ts",
    reason: "Without these conditions, a lookup takes more steps: no rest contains a slash.",
    mutants: [
      changedLine("if (at + length > end) continue;", ["at + length > end", "false"]),
      changedLine("if (at + length > end) continue;", ["+", "-"]),
      changedLine("node = slashAt < 0 ? undefined : node.children?.get(text.slice(at, end));", [
        "slashAt < 0",
        "false",
      ]),
    ],
  },
  {
    file: "src/purge/view/clock-steps.ts",
    reason: "The two instants are equal.",
    mutants: [
      changedLine("if (instantMs > this.#latestAtMs) this.#latestAtMs = instantMs;", [">", ">="]),
    ],
  },
  {
    file: "src/purge/view/journal-follower.ts",
    reason: "No entry has position 0-0, so neither text names an entry.",
    mutants: [
      changedLine(
        'const checked = await this.#dated((journal) => journal.atPrimary({ position: "0-0", n: "" }));',
        ['""', '"Stryker was here!"'],
      ),
    ],
  },
  {
    file: "src/purge/view/journal-poll.ts",
    reason: "No request is within a second of either instant.",
    mutants: [changedLine("#lookedAtMs = -Infinity;", ["-", "+"])],
  },
  {
    file: "src/purge/view/journal-view.ts",
    reason: "No request is within N/4 of either instant.",
    mutants: ["#soughtAtMs = -Infinity;", "this.#soughtAtMs = -Infinity;"].map((line) =>
      changedLine(line, ["-", "+"]),
    ),
  },
  {
    file: "src/purge/view/purge-spread.ts",
    reason: "No instant is within N of either value.",
    mutants: ["#triedAtMs = -Infinity;", "this.#triedAtMs = -Infinity;"].map((line) =>
      changedLine(line, ["-", "+"]),
    ),
  },
  {
    file: "src/purge/view/view-copies.ts",
    reason: "No instant is within ten seconds of either value.",
    mutants: [changedLine("#silentAtMs = -Infinity;", ["-", "+"])],
  },
  {
    file: "src/purge/view/view-copies.ts",
    reason: "Neither text is a valid claim or note.",
    mutants: ["[who, claimedAtMs]", "[claimant, until, position, n]"].map((parts) =>
      changedLine(`const ${parts} = (text ?? "").split(" ");`, ['""', '"Stryker was here!"']),
    ),
  },
  {
    file: "src/purge/view/view-renewals.ts",
    reason: "Without a chain, each request renews the view anyway.",
    mutants: [
      changedLine("knows: (place) => follower.chain?.knows(place) ?? false,", ["false", "true"]),
    ],
  },
  {
    file: "src/purge/view/view-renewals.ts",
    reason: "No request is within half a second of either instant.",
    mutants: [changedLine("#lookedAtMs = -Infinity;", ["-", "+"])],
  },
];
