// The mutants that survive, and why no test needs to notice them. `npm run bench -- mutation`
// compares them with each run.
import { explainedInView } from "./explained-in-view.ts";
import { changedLine, type Explained } from "./judge.ts";

export const explained: readonly Explained[] = [
  ...explainedInView,
  {
    file: "src/purge/acceptance/acceptance.ts",
    reason: "Each acceptance has at least one entry, and an append returns a place for each entry.",
    mutants: [
      changedLine('return { kind: "accepted", position: placed.at(-1)?.position ?? "" };', [
        '""',
        '"Stryker was here!"',
      ]),
      changedLine('const [place = { position: "", n: entry.n }] = appended.places;', [
        '""',
        '"Stryker was here!"',
      ]),
    ],
  },
  {
    file: "src/purge/acceptance/joined-purges.ts",
    reason: "No target counts before the first one, so both values begin the first span alike.",
    mutants: [changedLine("#exactSinceAtMs = -Infinity;", ["-", "+"])],
  },
  {
    file: "src/purge/acceptance/joined-purges.ts",
    reason: "Stand-bys compare only whether the number has changed.",
    mutants: [changedLine("batch.signs += 1;", ["+=", "-="])],
  },
  {
    file: "src/purge/acceptance/read-backs.ts",
    reason: "An append returns a place for each entry.",
    mutants: [
      changedLine(
        'return entries.map((entry, at) => ({ ...entry, ...(places[at] ?? { position: "" }) }));',
        ['""', '"Stryker was here!"'],
      ),
    ],
  },
  {
    file: "src/purge/acceptance/read-backs.ts",
    reason: "Without this condition, the end of a late read only lets another read be repeated.",
    mutants: [
      changedLine("if (each.look === look) each.look = undefined;", ["each.look === look", "true"]),
    ],
  },
  {
    file: "src/purge/acceptance/webhook.ts",
    reason: "Neither text is a number, so the claim is refused alike.",
    mutants: [
      changedLine('const timestamp = headers.get("webhook-timestamp") ?? "";', [
        '""',
        '"Stryker was here!"',
      ]),
    ],
  },
  {
    file: "src/purge/acceptance/webhook.ts",
    reason: "Neither text has a signature of version 1, so the claim is refused alike.",
    mutants: [
      changedLine('const signatures = signaturesIn(headers.get("webhook-signature") ?? "");', [
        '""',
        '"Stryker was here!"',
      ]),
    ],
  },
  {
    file: "src/purge/acceptance/webhook.ts",
    reason: "An age of 0 s is within the tolerance, so this line never sees it.",
    mutants: [
      changedLine(
        'const why = `Its webhook-timestamp is over ${toleranceSeconds} s too ${ageSeconds > 0 ? "old" : "new"}`;',
        [">", ">="],
      ),
    ],
  },
  {
    file: "src/purge/journal/entry.ts",
    reason: "The condition of the loop keeps both indexes below the length.",
    mutants: ["fields[at]", "fields[at + 1]"].map((field) =>
      changedLine('values.set(fields[at] ?? "", fields[at + 1] ?? "");', [
        `${field} ?? ""`,
        `${field} ?? "Stryker was here!"`,
      ]),
    ),
  },
  {
    file: "src/purge/journal/spelling.ts",
    reason:
      "Without this line, the function returns the same URL more slowly, as named URLs are sorted.",
    mutants: [
      changedLine('if (!url.includes("%")) return url;', ['!url.includes("%")', "false"]),
      changedLine('if (!url.includes("%")) return url;', ['"%"', '""']),
    ],
  },
  {
    file: "src/purge/journal/switch-state.ts",
    reason: "Without this condition, parsing the empty text gives the same result more slowly.",
    mutants: ["false", 'json === "Stryker was here!"'].map((condition) =>
      changedLine('return json === "" ? undefined : z.safeParse(postForm, jsonIn(json)).data;', [
        'json === ""',
        condition,
      ]),
    ),
  },
  {
    file: "src/purge/local-purges.ts",
    reason: "Every stamp names this entry or a later one, so its text decides and shows nothing.",
    mutants: [
      changedLine('const beginning = this.#placed(markOf("", settings.randomText()));', [
        '""',
        '"Stryker was here!"',
      ]),
    ],
  },
  {
    file: "src/purge/local-purges.ts",
    reason: "A purge has at least one target, so the loop always replaces this value.",
    mutants: [changedLine('let position = "";', ['""', '"Stryker was here!"'])],
  },
  {
    file: "src/rules/cache-control.ts",
    reason: "A directive without field names and one with an invalid name are both unqualified.",
    mutants: [
      changedLine(
        'const names = (argument ?? "").split(",").map((name) => name.trim().toLowerCase());',
        ['""', '"Stryker was here!"'],
      ),
    ],
  },
  {
    file: "src/rules/directives.ts",
    reason: "The function counts quotes, and the replacement contains none.",
    mutants: [
      changedLine(String.raw`return member.replaceAll(/\\[^]/g, "").split('"').length % 2 === 0;`, [
        '""',
        '"Stryker was here!"',
      ]),
    ],
  },
  {
    file: "src/rules/query.ts",
    reason: "V8 sorts stably, and asks only whether a comparison is negative.",
    mutants: ["true", "false", "a.name >= b.name", "a.name <= b.name"].map((greater) =>
      changedLine(".sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)))", [
        "a.name > b.name",
        greater,
      ]),
    ),
  },
  {
    file: "src/rules/storable-fields.ts",
    reason: "Without this line, the function returns a copy of the same set.",
    mutants: [
      changedLine("if (nominated.length === 0 && !isChunked) return hopByHop;", [
        "nominated.length === 0 && !isChunked",
        "false",
      ]),
    ],
  },
  {
    file: "src/rules/validators.ts",
    reason: "Without this line, the comparison of the list gives the same result more slowly.",
    mutants: [changedLine("if (tag === noneMatch) return true;", ["tag === noneMatch", "false"])],
  },
];
