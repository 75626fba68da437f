// Formats the report of init: pages, findings, and next commands.
import { formatSeconds } from "../origin/format-seconds.ts";
import { judge, type Judgement } from "../origin/judge-page.ts";
import type { OriginSight } from "../origin/look-at-origin.ts";
import { tableOf } from "../terminal/table.ts";
import { notPublished, packageFiles } from "../version.ts";
import type { Finding } from "./findings.ts";
import type { SiteStores } from "./site-stores.ts";

const pathColumns = 44;

export function pageLines({ pages, missing }: OriginSight): string[] {
  const rows = [...pages, ...(missing ? [missing] : [])].map((page) => {
    const judgement = judge(page);
    return [cut(page.path), String(page.status), page.kind, verdictOf(judgement), judgement.why];
  });
  return tableOf([["page", "status", "kind", "shared", "why"], ...rows], new Set([1]));
}

function verdictOf(judgement: Judgement): string {
  const texts = {
    origin: "",
    open: "yes",
    validated: "if validated",
    private: "no",
    uncertain: "in doubt",
    other: "-",
  } as const;
  return judgement.kind === "origin"
    ? `for ${formatSeconds(judgement.seconds)}`
    : texts[judgement.kind];
}

function cut(path: string): string {
  return path.length > pathColumns ? `${path.slice(0, pathColumns - 1)}…` : path;
}

export function findingLines(findings: readonly Finding[]): string[] {
  return findings.length === 0 ? [] : ["", ...findings.map(({ text }) => `- ${text}`)];
}

/** Returns the command that changes to a folder. */
export function cdTo(folder: string): string {
  const quoted = `'${folder.replaceAll("'", String.raw`'\''`)}'`;
  return `cd ${/^[\w./][\w./-]*$/.test(folder) ? folder : quoted}`;
}

/**
 * @param folder as the user wrote it; `undefined` for the current folder
 * @param hasOwnPackage whether the folder already had a package.json, which lacks the template's
 *   scripts and packages
 */
export function nextCommands(
  folder: string | undefined,
  hasOwnPackage: boolean,
  stores: SiteStores,
): string[] {
  return [
    ...(folder === undefined ? [] : [cdTo(folder)]),
    `npm install ${packageFiles.library} ${packageFiles.command}   ${notPublished}`,
    ...(hasOwnPackage ? ["npm install --save-dev typescript vitest wrangler"] : []),
    hasOwnPackage ? "npx tsc && npx vitest run" : "npm run check && npm test",
    "npx tidemark start",
    "npx wrangler login",
    "umask 077",
    "cat > secrets.json <<END",
    "{",
    ...(stores === "upstash" ? upstashSecrets : []),
    '  "PURGE_SECRET": "whsec_$(openssl rand -base64 24)",',
    '  "ADMIN_TOKEN": "$(openssl rand -hex 24)"',
    "}",
    "END",
    `${hasOwnPackage ? "npx wrangler deploy" : "npm run deploy --"} --secrets-file secrets.json   # first deployment: code and secrets`,
    "npx wrangler secret bulk secrets.json           # later: only secrets",
    "npx tidemark doctor",
  ];
}

const upstashSecrets = [
  '  "UPSTASH_REDIS_REST_URL": "https://….upstash.io",',
  '  "UPSTASH_REDIS_REST_TOKEN": "…",',
];
