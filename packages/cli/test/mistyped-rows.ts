// Command lines that are mistyped, or lack something: each must be refused with 2, and send nothing.

export interface MistypedRow {
  readonly name: string;
  readonly args: readonly string[];
  /** Over what a user has set who may do all. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What would be a purge of all. */
const all = ["purge", "--everything", "--yes"];
const tag = ["purge", "--tag", "a"];

const commands: readonly MistypedRow[] = [
  { name: "no command", args: [] },
  { name: "no command, as JSON", args: ["--json"] },
  { name: "an empty command", args: [""] },
  { name: "a mistyped command", args: ["purgee", "--everything", "--yes"] },
  { name: "a command with a capital letter", args: ["Purge", "--everything", "--yes"] },
  { name: "an abbreviated command", args: ["pur", "--everything", "--yes"] },
  { name: "a space before the command", args: [" purge", "--everything", "--yes"] },
  { name: "the command and its option in one word", args: ["purge --everything --yes"] },
  { name: "the command behind --", args: ["--", ...all] },
  { name: "two commands", args: [...all, "health"] },
  { name: "two commands, the other way round", args: ["health", ...all] },
  { name: "an unknown word of help", args: ["help", "purgee"] },
  { name: "a mistyped sub-command", args: ["profile", "sett", "a"] },
  { name: "no sub-command", args: ["profile"] },
  { name: "another letter", args: ["-v"] },
];

const flags: readonly MistypedRow[] = [
  { name: "an option before the command", args: ["--tagg", "a", ...all] },
  { name: "a letter missing", args: ["purge", "--everythin", "--yes"] },
  { name: "a letter too many", args: ["purge", "--tagg", "a"] },
  { name: "an abbreviation", args: ["purge", "--every", "--yes"] },
  { name: "a capital letter", args: ["purge", "--Tag", "a"] },
  { name: "an underscore", args: [...tag, "--dry_run"] },
  { name: "no dash within", args: [...all, "--dryrun"] },
  { name: "a dash too many", args: [...tag, "--dry--run"] },
  { name: "three dashes", args: [...tag, "---dry-run"] },
  { name: "one dash", args: [...tag, "-dry-run"] },
  { name: "a long dash", args: [...all, "\u2014dry-run"] },
  { name: "two short dashes of an editor", args: [...all, "\u2013\u2013dry-run"] },
  { name: "no dash", args: [...all, "dry-run"] },
  { name: "a space behind the dashes", args: [...all, "--", "dry-run"] },
  { name: "a space within", args: [...all, "--dry", "run"] },
  { name: "another command's way", args: [...tag, "-n"] },
  { name: "a negation that is none", args: [...all, "--no-dry-run"] },
  { name: "a negation of yes", args: ["purge", "--everything", "--no-yes"] },
  { name: "a value for a flag", args: [...tag, "--dry-run=false"] },
  { name: "a true value for a flag", args: [...all, "--dry-run=true"] },
  { name: "a value for everything", args: ["purge", "--everything=false", "--yes"] },
  { name: "a value for soft", args: [...all, "--soft=no"] },
  { name: "a value for yes", args: ["purge", "--everything", "--yes=no"] },
  { name: "a value for json", args: [...tag, "--json=true"] },
  { name: "options behind --", args: [...tag, "--", "--everything", "--yes"] },
  { name: "an option of another command", args: [...all, "--follow"] },
  { name: "a mistyped flag, as JSON", args: [...all, "--softt", "--json"] },
  { name: "a line break behind an option", args: [...all, "--dry-run\n"] },
  { name: "a space that does not break, before an option", args: [...all, "\u00a0--dry-run"] },
];

const values: readonly MistypedRow[] = [
  { name: "no value", args: ["purge", "--tag"] },
  { name: "no value behind =", args: ["purge", "--tag="] },
  { name: "an empty value", args: ["purge", "--tag", ""] },
  { name: "an empty one among others", args: [...tag, "--tag", ""] },
  { name: "an empty host", args: ["purge", "--host", ""] },
  { name: "an empty prefix", args: ["purge", "--prefix="] },
  { name: "an empty route", args: ["purge", "--route", "\t"] },
  { name: "a value of spaces", args: ["purge", "--url", " "] },
  { name: "an option in the place of a value", args: ["purge", "--tag", "--dry-run"] },
  { name: "a program's option in that place", args: ["purge", "--reason", "--json", "--tag", "a"] },
  { name: "yes in that place", args: ["purge", "--host", "--yes", "--everything"] },
  { name: "one in the place of a site", args: [...all, "--site", "--dry-run"] },
  { name: "one in the place of a profile", args: ["--profile", "--yes", ...all] },
  { name: "a long dash in that place", args: [...tag, "--reason", "\u2014dry-run"] },
  { name: "a minus in that place", args: ["purge", "--tag", "\u2212\u2212dry-run"] },
  { name: "a word behind one dash", args: ["purge", "-tag", "a"] },
  { name: "a value against its short name", args: ["purge", "-ta"] },
  { name: "= behind a short name", args: ["purge", "-t=a"] },
  { name: "short names in one word", args: ["purge", "-tu", "a"] },
  { name: "two values", args: [...tag, "b"] },
  { name: "a value without an option", args: ["purge", "a"] },
  { name: "a URL without an option", args: ["purge", "https://www.example.com/"] },
  { name: "a URL without a scheme", args: ["purge", "--url", "products/1"] },
  { name: "a host without a scheme", args: ["purge", "--url", "www.example.com/a"] },
  { name: "a question about a host without a scheme", args: ["explain", "www.example.com/a"] },
  { name: "a pattern that the shell has opened", args: ["purge", "--url", "/a", "/b", "/c"] },
  { name: "= with a space behind", args: ["purge", "--tag=", "a"] },
  { name: "no target", args: ["purge"] },
  { name: "no target but yes", args: ["purge", "--yes"] },
  { name: "no target but a reason", args: ["purge", "--soft", "--reason", "x"] },
  { name: "everything, unasked", args: ["purge", "--everything"] },
  { name: "everything, unasked, as JSON", args: ["purge", "--everything", "--json"] },
];

const others: readonly MistypedRow[] = [
  { name: "a mistyped state", args: ["switch", "onn"] },
  { name: "a state with a capital letter", args: ["switch", "ON", "--yes"] },
  { name: "on for all, unasked", args: ["switch", "on"] },
  { name: "off with a route", args: ["switch", "off", "articles"] },
  { name: "an empty route of the switch", args: ["switch", "on", ""] },
  { name: "an option as a route", args: ["switch", "on", "--", "--dry-run"] },
  { name: "a reason without a state", args: ["switch", "--reason", "x"] },
  { name: "a word too many", args: ["health", "now"] },
  { name: "no URL", args: ["explain"] },
  { name: "two URLs", args: ["explain", "/a", "/b"] },
  { name: "no number", args: ["journal", "--last", "all"] },
  { name: "a time that is none", args: ["stats", "--watch", "0"] },
];

const sites: readonly MistypedRow[] = [
  { name: "no token", args: all, env: { TIDEMARK_TOKEN: "" } },
  { name: "a token of two words", args: all, env: { TIDEMARK_TOKEN: "a b" } },
  { name: "a token on the line", args: [...tag, "--token=secret-x"] },
  { name: "no site", args: all, env: { TIDEMARK_SITE: "" } },
  { name: "an empty site", args: [...all, "--site="] },
  { name: "a site without a scheme", args: [...all, "--site", "www.example.com"] },
  { name: "a site with a path", args: [...all, "--site", "https://www.example.com/news"] },
  { name: "a site in clear text", args: [...all, "--site", "http://www.example.com"] },
  { name: "a site with a password", args: [...all, "--site", "https://u:p@www.example.com"] },
  { name: "a profile that is not there", args: [...all, "--profile", "prod"] },
  { name: "an empty profile", args: [...all, "--profile="] },
  {
    name: "a site and a profile",
    args: [...all, "--site", "https://a.example", "--profile", "a"],
  },
  { name: "an operator path that is none", args: [...all, "--operator-path", "_cache"] },
  { name: "an empty operator path", args: [...all, "--operator-path="] },
];

export const mistypedRows: readonly MistypedRow[] = [
  ...commands,
  ...flags,
  ...values,
  ...others,
  ...sites,
];
