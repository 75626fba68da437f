// Mistyped or incomplete command lines. For each, the command sends nothing and exits with 2.

/** A string is split at spaces, a list is not. `env` overrides variables of the operator. */
type Row = [name: string, line: string | string[], says?: string, env?: Record<string, string>];

const commands: readonly Row[] = [
  ["no command", ""],
  ["no command, as JSON", "--json"],
  ["an empty command", [""]],
  ["a mistyped command", "purgee --everything --yes", "Did you mean purge?"],
  ["a command with a capital letter", "Purge --everything --yes"],
  ["an abbreviated command", "pur --everything --yes"],
  ["a space before the command", [" purge", "--everything", "--yes"]],
  ["the command and its options as one word", ["purge --everything --yes"]],
  ["the command after --", "-- purge --everything --yes"],
  ["two commands", "purge --everything --yes health"],
  ["two commands in the other order", "health purge --everything --yes"],
  ["an unknown topic of help", "help purgee"],
  ["an unknown short option", "-v"],
];

const flags: readonly Row[] = [
  ["an option before the command", "--tagg a purge --everything --yes"],
  ["a missing letter", "purge --everythin --yes", "Did you mean --everything?"],
  ["an additional letter", "purge --tagg a", "Did you mean --tag?"],
  ["an abbreviated option", "purge --every --yes"],
  ["a capital letter", "purge --Tag a"],
  ["an underscore", "purge --tag a --dry_run"],
  ["a missing dash", "purge --everything --yes --dryrun"],
  ["three dashes", "purge --tag a ---dry-run"],
  ["one dash", "purge --tag a -dry-run"],
  ["an em dash", "purge --everything --yes \u2014dry-run"],
  ["no dash", "purge --everything --yes dry-run"],
  ["a space after the dashes", "purge --everything --yes -- dry-run"],
  ["a space within an option", "purge --everything --yes --dry run"],
  ["a short option of other programs", "purge --tag a -n"],
  ["an unknown negation", "purge --everything --yes --no-dry-run"],
  ["a negated --yes", "purge --everything --no-yes"],
  ["a value for a flag", "purge --tag a --dry-run=false"],
  ["a value for --everything", "purge --everything=false --yes"],
  ["a value for --yes", "purge --everything --yes=no"],
  ["a value for --json", "purge --tag a --json=true"],
  ["options after --", "purge --tag a -- --everything --yes"],
  ["an option of another command", "purge --everything --yes --within"],
  ["a mistyped flag, as JSON", "purge --everything --yes --softt --json"],
  ["a line break after an option", "purge --everything --yes --dry-run\n"],
  ["a no-break space before an option", "purge --everything --yes \u00a0--dry-run"],
];

const redis = { REDIS_URL: "redis://127.0.0.1:1" };

const proxies: readonly Row[] = [
  ["a proxy without an address", "redis-proxy", "REDIS_URL is not set."],
  ["a proxy without a token", "redis-proxy", "UPSTASH_REDIS_REST_TOKEN: It is not set.", redis],
  [
    "a proxy with a short token",
    "redis-proxy",
    "fewer than 16 characters",
    { ...redis, UPSTASH_REDIS_REST_TOKEN: "local" },
  ],
  ["a port of a proxy that is no number", "redis-proxy --port a", "whole number", redis],
];

const values: readonly Row[] = [
  ["no build", "release"],
  ["two builds", "release a b"],
  ["a build with a space", ["release", "a b"], "Nothing was released."],
  ["a base that is no path", "release a --base assets", "begins with /"],
  ["a key with a space", ["release", "a", "--key", "a b"], "without spaces"],
  ["no value", "purge --tag", "argument missing"],
  ["no value after =", "purge --tag="],
  ["an empty value among others", ["purge", "--tag", "a", "--tag", ""]],
  ["an empty host", ["purge", "--host", ""]],
  ["an empty prefix", "purge --prefix="],
  ["an empty reason", "purge --tag a --reason=", "The value of --reason is empty."],
  ["an empty reason as an argument of its own", ["purge", "--tag", "a", "--reason", " "]],
  ["an empty reason, as JSON", "purge --tag a --json --reason="],
  ["a route that is a tab", "purge --route \t"],
  ["a URL that is a space", ["purge", "--url", " "]],
  ["an option instead of a value", "purge --tag --dry-run"],
  ["--json instead of a value", "purge --reason --json --tag a"],
  ["--yes instead of a value", "purge --host --yes --everything"],
  ["an option instead of a site", "purge --everything --yes --site --dry-run"],
  ["an em dash instead of a value", "purge --tag a --reason \u2014dry-run"],
  ["minus signs instead of a value", "purge --tag \u2212\u2212dry-run"],
  ["a long name after one dash", "purge -tag a"],
  ["a value joined to a short name", "purge -ta"],
  ["= after a short name", "purge -t=a"],
  ["joined short names", "purge -tu a"],
  ["two values", "purge --tag a b"],
  ["a value without an option", "purge a", "too many arguments"],
  ["a URL without a scheme", "purge --url products/1"],
  ["a host without a scheme", "explain www.example.com/a"],
  ["a pattern that the shell expanded", "purge --url /a /b /c"],
  ["a space after =", "purge --tag= a"],
  ["no target", "purge", "No target is specified."],
  ["no target but --yes", "purge --yes"],
  ["no target but a reason", "purge --soft --reason x"],
  ["--everything without --yes", "purge --everything", "Pass --yes"],
  ["--everything without --yes, as JSON", "purge --everything --json"],
];

const others: readonly Row[] = [
  ["a mistyped state", "switch onn", "Allowed choices are on, off"],
  ["a state with a capital letter", "switch ON --yes"],
  ["the switch for all routes without --yes", "switch on", "Pass --yes"],
  ["off with a route", "switch off articles", "off takes no routes"],
  ["an empty route, as from an unset variable", ["switch", "on", ""], "is empty"],
  ["an option as a route", "switch on -- --yes"],
  ["an empty reason of the switch", "switch on articles --reason="],
  ["an empty method", "explain /a --method="],
  ["a reason without a state", "switch --reason x", "on or off"],
  ["an additional word", "health now"],
  ["a target without an action", "outward edge", "Allowed choices are deliver, skip"],
  ["an action without a target", "outward skip --yes", "The target is missing."],
  ["skip without --yes", "outward skip edge", "Pass --yes"],
  ["no URL", "explain"],
  ["two URLs", "explain /a /b"],
  ["--last over 128", "journal --last 129"],
  ["--last of 0", "journal --last 0"],
  ["--last with an exponent", "journal --last 1e1"],
];

const everything = "purge --everything --yes";
const sites: readonly Row[] = [
  ["no token", everything, "There is no token", { TIDEMARK_TOKEN: "" }],
  ["a token of two words", everything, "", { TIDEMARK_TOKEN: "a b" }],
  ["no site", everything, "", { TIDEMARK_SITE: "" }],
  ["an empty site", `${everything} --site=`],
  ["a site without a scheme", `${everything} --site www.example.com`],
  ["a site with a path", `${everything} --site https://www.example.com/news`],
  ["a site without TLS", `${everything} --site http://www.example.com`],
  ["a site with a password", `${everything} --site https://u:p@www.example.com`],
  ["an operator path without a slash", `${everything} --operator-path _cache`],
  ["an empty operator path", `${everything} --operator-path=`],
];

export const mistypedRows = [commands, flags, proxies, values, others, sites]
  .flat()
  .map(([name, line, says = "", env = {}]) => {
    const args = typeof line === "string" ? line.split(" ").filter((word) => word !== "") : line;
    return { name, args, says, env };
  });
