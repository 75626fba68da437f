// The mutants that survive, and why no test needs to notice them. `npm run bench -- mutation`
// compares them with each run.
import type { Explained } from "./judge.ts";

/** Returns the text of a mutant: the line, and the line with one change. */
const mutant = (line: string, [from, to]: readonly [from: string, to: string]): string =>
  `${line} -> ${line.replace(from, () => to)}`;

export const explained: readonly Explained[] = [
  {
    file: "src/purge/acceptance/acceptance.ts",
    reason: "Each acceptance has at least one entry, and an append returns a place for each entry.",
    mutants: [
      mutant('return { kind: "accepted", position: placed.at(-1)?.position ?? "" };', [
        '""',
        '"Stryker was here!"',
      ]),
      mutant('const [place = { position: "", n: entry.n }] = appended.places;', [
        '""',
        '"Stryker was here!"',
      ]),
    ],
  },
  {
    file: "src/purge/acceptance/joined-purges.ts",
    reason: "No target counts before the first one, so both values begin the first span alike.",
    mutants: [mutant("#exactSinceAtMs = -Infinity;", ["-", "+"])],
  },
  {
    file: "src/purge/acceptance/joined-purges.ts",
    reason: "Stand-bys compare only whether the number has changed.",
    mutants: [mutant("batch.signs += 1;", ["+=", "-="])],
  },
  {
    file: "src/purge/acceptance/read-backs.ts",
    reason: "An append returns a place for each entry.",
    mutants: [
      mutant(
        'return entries.map((entry, at) => ({ ...entry, ...(places[at] ?? { position: "" }) }));',
        ['""', '"Stryker was here!"'],
      ),
    ],
  },
  {
    file: "src/purge/acceptance/read-backs.ts",
    reason: "Without this condition, the end of a late read only lets another read be repeated.",
    mutants: [
      mutant("if (each.look === look) each.look = undefined;", ["each.look === look", "true"]),
    ],
  },
  {
    file: "src/purge/acceptance/webhook.ts",
    reason: "Neither text is a number, so the claim is refused alike.",
    mutants: [
      mutant('const timestamp = headers.get("webhook-timestamp") ?? "";', [
        '""',
        '"Stryker was here!"',
      ]),
    ],
  },
  {
    file: "src/purge/acceptance/webhook.ts",
    reason: "Neither text has a signature of version 1, so the claim is refused alike.",
    mutants: [
      mutant('const signatures = signaturesIn(headers.get("webhook-signature") ?? "");', [
        '""',
        '"Stryker was here!"',
      ]),
    ],
  },
  {
    file: "src/purge/acceptance/webhook.ts",
    reason: "An age of 0 s is within the tolerance, so this line never sees it.",
    mutants: [
      mutant(
        'const why = `Its webhook-timestamp is over ${toleranceSeconds} s too ${ageSeconds > 0 ? "old" : "new"}`;',
        [">", ">="],
      ),
    ],
  },
  {
    file: "src/purge/journal/entry.ts",
    reason: "The condition of the loop keeps both indexes below the length.",
    mutants: ["fields[at]", "fields[at + 1]"].map((field) =>
      mutant('values.set(fields[at] ?? "", fields[at + 1] ?? "");', [
        `${field} ?? ""`,
        `${field} ?? "Stryker was here!"`,
      ]),
    ),
  },
  {
    file: "src/purge/journal/purge-target.ts",
    reason: "Without these lines, the function returns an equal object more slowly.",
    mutants: [
      mutant("if (kept !== undefined) return kept;", ["kept !== undefined", "false"]),
      mutant("known.set(record, worked);", ["known.set(record, worked)", ""]),
    ],
  },
  {
    file: "src/purge/journal/spelling.ts",
    reason: "Without this line, the function returns the same URL more slowly, as keys are sorted.",
    mutants: [
      mutant('if (!url.includes("%")) return url;', ['!url.includes("%")', "false"]),
      mutant('if (!url.includes("%")) return url;', ['"%"', '""']),
    ],
  },
  {
    file: "src/purge/journal/switch-state.ts",
    reason: "Without this condition, parsing the empty text gives the same result more slowly.",
    mutants: ["false", 'json === "Stryker was here!"'].map((condition) =>
      mutant('return json === "" ? undefined : z.safeParse(postForm, jsonIn(json)).data;', [
        'json === ""',
        condition,
      ]),
    ),
  },
  {
    file: "src/purge/local-purges.ts",
    reason: "Every stamp names this entry or a later one, so its text decides and shows nothing.",
    mutants: [
      mutant('const beginning = this.#placed(markOf("", settings.randomText()));', [
        '""',
        '"Stryker was here!"',
      ]),
    ],
  },
  {
    file: "src/purge/local-purges.ts",
    reason: "A purge has at least one target, so the loop always replaces this value.",
    mutants: [mutant('let position = "";', ['""', '"Stryker was here!"'])],
  },
  {
    file: "src/purge/view/accepted-purges.ts",
    reason: "Purges do not change the newest post, so without these conditions it is found again.",
    mutants: ["add", "forget"].map(() =>
      mutant("if (entry.switched !== undefined) this.#findSwitched();", [
        "entry.switched !== undefined",
        "true",
      ]),
    ),
  },
  {
    file: "src/purge/view/accepted-purges.ts",
    reason: "Without this line, the function finds no entry more slowly.",
    mutants: [
      mutant("if (this.#accepted.size === 0) return none;", ["this.#accepted.size === 0", "false"]),
    ],
  },
  {
    file: "src/purge/view/accepted-purges.ts",
    reason: "Two purges have one position only after a loss, and apply from the same instant.",
    mutants: [
      mutant("return comparePositions(one.position, other.position) <= 0 ? one : other;", [
        "<=",
        "<",
      ]),
    ],
  },
  {
    file: "src/purge/view/chain.ts",
    reason: "A chain holds at least one entry.",
    mutants: ["position", "n"].map((name) =>
      mutant('return { position: entry?.position ?? "", n: entry?.n ?? "" };', [
        `entry?.${name} ?? ""`,
        `entry?.${name} ?? "Stryker was here!"`,
      ]),
    ),
  },
  {
    file: "src/purge/view/chain.ts",
    reason: "The lines after this condition find no purge either, but allocate lists on each hit.",
    mutants: [
      mutant("if (!this.#newest.some(record, isPurgedSince, since)) return undefined;", [
        "!this.#newest.some(record, isPurgedSince, since)",
        "false",
      ]),
      mutant("newest.hardAt > since || newestSoft(newest) > since;", [
        "newest.hardAt > since || newestSoft(newest) > since",
        "true",
      ]),
      mutant("newest.hardAt > since || newestSoft(newest) > since;", [
        "newest.hardAt >",
        "newest.hardAt >=",
      ]),
      mutant("newest.hardAt > since || newestSoft(newest) > since;", [
        "newestSoft(newest) >",
        "newestSoft(newest) >=",
      ]),
    ],
  },
  {
    file: "src/purge/view/target-index.ts",
    reason: "Without these conditions, a lookup takes more steps: no rest contains a slash.",
    mutants: [
      mutant("if (at + length > end) continue;", ["at + length > end", "false"]),
      mutant("if (at + length > end) continue;", ["+", "-"]),
      mutant("node = slashAt < 0 ? undefined : node.children?.get(text.slice(at, end));", [
        "slashAt < 0",
        "false",
      ]),
    ],
  },
  {
    file: "src/purge/view/clock-steps.ts",
    reason: "The two instants are equal.",
    mutants: [
      mutant("if (instantMs > this.#latestAtMs) this.#latestAtMs = instantMs;", [">", ">="]),
    ],
  },
  {
    file: "src/purge/view/journal-poll.ts",
    reason: "No request is within a second of either instant.",
    mutants: [mutant("#lookedAtMs = -Infinity;", ["-", "+"])],
  },
  {
    file: "src/purge/view/journal-view.ts",
    reason: "No request is within N/4 of either instant.",
    mutants: ["#soughtAtMs = -Infinity;", "this.#soughtAtMs = -Infinity;"].map((line) =>
      mutant(line, ["-", "+"]),
    ),
  },
  {
    file: "src/purge/view/purge-spread.ts",
    reason: "No instant is within N of either value.",
    mutants: ["#triedAtMs = -Infinity;", "this.#triedAtMs = -Infinity;"].map((line) =>
      mutant(line, ["-", "+"]),
    ),
  },
  {
    file: "src/purge/view/view-renewals.ts",
    reason: "Without a chain, each request renews the view anyway.",
    mutants: [
      mutant("knows: (place) => follower.chain?.knows(place) ?? false,", ["false", "true"]),
    ],
  },
  {
    file: "src/purge/view/view-renewals.ts",
    reason: "No request is within half a second of either instant.",
    mutants: [mutant("#lookedAtMs = -Infinity;", ["-", "+"])],
  },
  {
    file: "src/rules/cache-control.ts",
    reason: "A directive without field names and one with an invalid name are both unqualified.",
    mutants: [
      mutant(
        'const names = (argument ?? "").split(",").map((name) => name.trim().toLowerCase());',
        ['""', '"Stryker was here!"'],
      ),
    ],
  },
  {
    file: "src/rules/directives.ts",
    reason: "The function counts quotes, and the replacement contains none.",
    mutants: [
      mutant(String.raw`return member.replaceAll(/\\[^]/g, "").split('"').length % 2 === 0;`, [
        '""',
        '"Stryker was here!"',
      ]),
    ],
  },
  {
    file: "src/rules/query.ts",
    reason: "V8 sorts stably, and asks only whether a comparison is negative.",
    mutants: ["true", "false", "a.name >= b.name", "a.name <= b.name"].map((greater) =>
      mutant(".sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)))", [
        "a.name > b.name",
        greater,
      ]),
    ),
  },
  {
    file: "src/rules/storable-fields.ts",
    reason: "Without this line, the function returns a copy of the same set.",
    mutants: [
      mutant("if (nominated.length === 0 && !isChunked) return hopByHop;", [
        "nominated.length === 0 && !isChunked",
        "false",
      ]),
    ],
  },
  {
    file: "src/rules/validators.ts",
    reason: "Without this line, the comparison of the list gives the same result more slowly.",
    mutants: [mutant("if (tag === noneMatch) return true;", ["tag === noneMatch", "false"])],
  },
];
