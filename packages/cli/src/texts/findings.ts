// The text of each finding of a site's health: its effect, its cause and its remedy, by code or by closer reason.
import type { OperatorAnswer } from "../../../../src/protocol/answers.ts";
import type { FindingCase, FindingCode, Values } from "../../../../src/protocol/finding.ts";
import { fill } from "./fill.ts";

/** Codes that always have a closer reason. */
type CaseOnly =
  | `redis-${"credentials" | "unreachable" | "slow" | "busy" | "read-only" | "plan-used-up" | "refused"}`
  | `object-${"unavailable" | "version"}`
  | "tier-failing";

const ownDatabase =
  "give the purge journal a database of its own (JOURNAL_REDIS_REST_URL; on Node the option `journal`)";
const tier = `Cause: {why}. Remedy: «{hint}. »Tidemark notices when it answers again. If the trouble lasts, check Cloudflare's status page.`;
const originDetails = `Details: Failed requests since this isolate started: {failures}. The last failure was at {lastAt}.`;
const checkOrigin = `Check that its server runs, and that no firewall stops requests from Tidemark.`;
const caches = `«The cache is {caches}.» A cache has no name if neither CF-Cache-Status, X-Cache, Via nor a similar field names it.`;
const behind = `The cache in front may still answer with responses that were purged here.`;
const behindPasses = `Remedy: Tidemark tries again by itself. Check the status page of the target. To purge everything there once and go on, run tidemark outward skip {target}.`;
const bypassed = `«These routes go straight to the origin: {routes}. Tidemark looks up nothing and stores nothing for these requests.»« No route has the name {unknown}, so the bypass does not apply to it.»`;
const switchOff = `To use the cache again, run tidemark switch off, or send POST /_cache/switch with {"bypass": false}.`;
const backlog = `Cause:« {keyCount} keys wait, which is {fullShare} of the limit, {backlogMax}.»« The oldest change could have been flushed {overdueMs} ago.»« The last flush ended with {end}.»« {detail}» Remedy: Tidemark retries flushes by itself. Check the sink: its log, and the write-behind lines of the log. Check that the cron trigger runs each minute, and that createWorker gets the data cache. Call flush() of writeBehind(cache) to send more.`;

export const findings: Readonly<Record<Exclude<FindingCode, CaseOnly> | FindingCase, string>> = {
  "store-passing": `In this isolate, {clients} got no answer from the {database} at the last try. Cause: {why}. Remedy: Tidemark tries again by itself. If the trouble lasts: {hint}. Details: The last failures: {failures}.`,
  "store-fails": `In this isolate, {clients} cannot {use} the {database}. Cause: {why}. Remedy: Tidemark notices when it answers again. Until then: {hint}. Details: The last failures: {failures}.`,
  "redis-full": `The {database} is full: it refuses {refuses}. Cause: {usedShare} of its room is used, and eviction is off. Remedy: Make room in the database, or raise its size. If it also stores pages, ${ownDatabase}.`,
  "redis-nearly-full": `The {database} is nearly full. Once it is full, it refuses {refuses}. Tidemark stores no new pages and values in it until there is room. Cause: {usedShare} of its room is used, and eviction is off. Remedy: Make room in the database, or raise its size. If it also stores pages, ${ownDatabase}.`,
  "redis-evicting": `The {database} evicts keys, or will evict them once it is full. If it evicts the purge journal, Tidemark treats every stored response as purged. Cause: Eviction is on: the policy of the database is {policy}.« {usedShare} of its room is used.» Remedy: Turn eviction off for this database (noeviction), or ${ownDatabase}.`,
  "redis-size-unknown": `The size limit of the database is unknown. Pages can fill it, and then it refuses purges. Cause: INFO reports no maxmemory, and the configuration has no limits.databaseBytes. Remedy: Set limits.databaseBytes to the size of the plan, or ${ownDatabase}.`,
  "clocks-apart": `The database's clock is {apartMs} {side} this isolate's. Cause: The clock of the database's server, or of this machine, is wrong. The difference is more than the clock allowance A, {allowanceMs}. Remedy: Set both clocks by NTP. On Cloudflare with Upstash, contact the support of Upstash.`,
  "journal-unreadable": `The last read of the purge journal failed. Stored responses still answer. Cause: The journal did not answer«: {why}». Remedy: Tidemark tries again by itself.« If the trouble lasts: {hint}.»`,
  "journal-past": `Tidemark cannot tell which stored responses were purged, so it requests them from the origin again. Cause: The journal did not answer«: {why}». Remedy: Tidemark tries again by itself.« If the trouble lasts: {hint}.»`,
  "journal-lag": `It took {lagMs} until {where} had read the last purge. N is {maxLagMs}. It took longer than N / 2 for {count} colos or isolates. Cause: A replica of the database lags, the database answers slowly, or so few requests come that the journal is rarely read. Remedy: If the lag lasts, check the region and the load of the database, or raise purge.maxLagSeconds.`,
  "journal-lost-entries": `The purge journal has lost entries. Tidemark treats every response that was stored before the loss as purged, so the origin gets more requests. Cause: The database failed over, was restored from a backup, or evicted the journal's key. Or somebody deleted that key. Remedy: Check the switch with tidemark switch: if no isolate remembered its last change, change it again. If entries are lost again, check that eviction is off for the database.`,
  "journal-restarted": `The database of the purge journal started from a snapshot. Purges since the snapshot are undone, unless an isolate remembers a newer entry. Cause: The database restarted or was restored, and appendonly is off. Remedy: Purge everything, and check the switch with tidemark switch. To lose at most a second of purges in the future, set appendonly yes.`,
  "switch-lost": `The database lost the last change of the switch. Until an isolate that remembered the change restored it, other isolates may have followed an older state. Cause: The database failed over, was restored from a backup, or evicted the switch's key. Remedy: Check with tidemark switch that the switch is as you want it.`,
  "hints-off": `Purges of others arrive only by polling, within N. Cause: No hints of them arrive: {why} Remedy: If they must arrive sooner, end this cause. Hints then arrive by themselves.`,
  "origin-down": `The circuit breaker of the {about} is open: cacheable requests without a stored response or a fallback origin get 503. Only background probes and bypassed requests contact it. Cause: Requests for several of its paths failed, and then a probe failed. Remedy: ${checkOrigin} A probe notices when the origin answers again. ${originDetails}`,
  "origin-unreachable": `The {about} could not be reached. Cause: Its server is down, or the network between Tidemark and the server is interrupted. Remedy: ${checkOrigin} ${originDetails}`,
  "origin-invalid": `The {about} sent an invalid response. Cause: The response breaks HTTP, or has a transfer coding other than chunked. A status 520 of Cloudflare's network also means an empty response, or fields of more than 128 KiB. Remedy: Read its server's log, or request the page from the origin with curl -v. ${originDetails}`,
  "fields-too-large": `The {about} sent too large header fields. Cause: They have more than 128 KiB together, or more than 16 KiB for a handler that calls fetch on Node. Remedy: Let the origin send fewer fields, or fewer tags. ${originDetails}`,
  "origin-slow": `The {about} did not answer in time. Cause: Its server is overloaded, or the page needs longer than originTimeout. Remedy: Check how busy its server is. If its pages need more time, raise originTimeout in the configuration. ${originDetails}`,
  "unverified-high": `{requestShare} of {count} answers were unverified: Tidemark could not tell whether a purge covers them. Cause: The purge journal could not be read. Remedy: Read the findings on Redis and on the journal.`,
  "origin-errors": `{requestShare} of {count} requests to origins failed, or got 5xx. Cause: The application of the origin has a fault, or its server is overloaded. Remedy: Read the log of the origin.`,
  "anonymous-refused": `The {about} refused requests that Tidemark sent without any client's fields. If a client's request for a page fails, the waiting requests cannot share such a request. Tidemark then forwards each of them, about ten at a time per isolate. Cause: The page fails for everybody, or the origin or its firewall needs a field that only a client sends. Remedy: Request the page with User-Agent and Accept as its only fields. If that fails and a browser succeeds, name the field that the origin needs in key.headers, or let the firewall allow requests from Tidemark.`,
  "credential-field": `Requests of {about} have a field that looks like a credential ({names}). Tidemark forwards each of them, and does not store the response. Cause: The origin says neither public nor s-maxage, and does not name the field in Vary. So the response may be for only one client. Cache-Status names the field. Remedy: If the response does not depend on the field, write credentialFields: { except: [{names}] }. If the response differs by the field, write key: { headers: ["the field's name"] }, or let the origin name the field in Vary. If the route needs few fields, list these in forward.`,
  "varies-silently": `Pages of {about} differ by a request field that Vary does not name. Clients may have got another language than they asked for. Media types are kept apart by classes of Accept. Cause: A refresh, with Tidemark's own fields, or a client of another class of Accept, got another media type or language than an earlier client. Of two languages, Tidemark stores that of the refresh. Remedy: {remedy}. If Tidemark's own fields are wrong for these pages, set anonymous in the route. Details: Pages: {pages}.`,
  "validator-lies": `Pages of {about} changed, and kept their ETag or Last-Modified. Browsers now get an ETag made of the body for them. Cause: The validator is that of a build or a fixed date, or a weak ETag of a page with a small difference in each answer. Remedy: Let the origin derive the ETag from the content, or send none. Or write validators: "content" in the route: then browsers get such an ETag from the first answer. Details: Pages: {pages}.`,
  "nonce-shared": `Pages of {about} are stored with a nonce in Content-Security-Policy. All visitors get the same nonce, so an attacker who reads it can inject scripts. Cause: The origin makes a nonce for each answer, and Tidemark stores the answer. Remedy: Write use: [nonce()] in the route, with nonce of tidemark/nonce: each answer then has a nonce of its own. Or let the origin allow scripts by hashes ('sha256-…'). Details: Pages: {pages}.`,
  "nonce-unreplaced": `Pages of {about} are not stored, because nonce() cannot replace their nonce. Each client waits for the origin. Cause: Two clients must not get the same nonce, and the pages have these faults: {faults}. Remedy: For charset, their bodies are in UTF-16: let the origin send UTF-8. For coding, they have a Content-Encoding: let the origin obey Accept-Encoding: identity. For form, their nonce is not base64 of 16 to 128 characters: let the origin draw such a one for each answer.`,
  "extension-mismatch": `Answers of {about} had a media type that contradicts the extension in their path, such as HTML at /a.css. Tidemark did not store them. Cause: The origin answers unknown paths with a page, or with the page above them. An attacker may use that to let a cache share a client's page. Remedy: Let the origin answer 404 for such paths, or send the right Content-Type. If pages have such names, write deceptionArmour: false in the route.`,
  "cache-unpurged": `Answers of {about} are not stored: a cache between Tidemark and the origin may have them from before a purge. Cause: By Age, the answers are older than a purge that covers them, or than all purges that this isolate knows. ${caches} Remedy: Purge this cache some seconds after Tidemark«, by the target {targets}», or turn it off for Tidemark. In a Worker, remove hono/cache and answers from caches. If it is always purged before Tidemark, or the origin sends a constant Age, write purge: { age: "ignore" } in the route.`,
  "age-too-low": `Answers of {about} may be from before a purge, and Tidemark may store them: by Date they are older than the purge, by Age newer. Cause: A cache sends an Age that is too low, as the local Cache API does, or the origin's clock is slow. ${caches} Remedy: In a Worker, remove hono/cache and answers from caches: no purge of Tidemark reaches them. Otherwise let the cache send its Age, or set the origin's clock by NTP.`,
  "left-release": `Pages of {about} are not stored: their builds are {builds}, and the current release is {release}. Cause: After a deployment, nobody has run tidemark release, or an old server still answers. Each client then waits for the origin. Remedy: If the origin now runs one of these builds, run tidemark release with its name. Otherwise, stop the old servers.`,
  "build-unreadable": `Answers of {about} have a field release({ header }) that names no build. Tidemark uses them as if the field were absent, so pages of two builds can be mixed. Cause: The name has other characters, or the field was sent twice. Remedy: Let the origin send {form}.`,
  "part-failed": `Parts of {about} failed ({names}). Tidemark decided for the safe side, so some answers are not stored, or wait for the origin. Cause: A function of the part threw. The log has the error of the event part-failed. Remedy: Fix the part, or remove it from use of {about}.`,
  "gate-refused": `The origin of {about} refuses clients whose credential the rule {names} has checked. Its answers are not stored. Cause: It answers 401 or 403, or redirects to a login: it does not know the constant fields of the rule. Remedy: Let the origin accept the fields of forward, and compare the secret on both sides.`,
  "unknown-cookies": `The responses to {requestShare} of {count} requests were not stored, because the requests had cookies that the configuration does not name. Cause: The site, or a script on its pages, sets a cookie. Its responses may be for one client, and the origin does not say public or s-maxage. Remedy: Copy the Cookie field of such a request from a browser, and run tidemark explain <url> --header "Cookie: …". It names the unknown cookies, with the line for the configuration.`,
  "operator-refused": `Requests with a wrong credential of an operator or a sender of purges: {count}, by kind {credentials}. bearer is ADMIN_TOKEN in Authorization, debug in Tidemark-Debug, and challenge that of the command. signature is PURGE_SECRET, hook HOOK_SECRET_…, and varnish the address or HOOK_SECRET_VARNISH of a Varnish client. Cause: A tool or a sender of purges has a wrong secret or a wrong clock, a proxy changes the host that the command signs, or somebody guesses. Remedy: Compare the secrets of your tools and senders with those of the deployment. If the command fails with the right one, it names both hosts: let the proxy send the host, with its port, in X-Forwarded-Host. Otherwise, somebody else sends these requests: limit who may reach the operator's routes, and check that ADMIN_TOKEN is random.`,
  "hook-mapping": `Webhooks with a valid signature purged nothing. Pages may be out of date. Cause: The mapping of this hook threw an error, or returned something other than a purge ({did}). Remedy: Look for lines of the event hook in the log. Fix the mapping in the configuration, and deploy. After a 500, senders retry for some time; purge manually for events that they no longer send.`,
  "outward-behind": `${behind} Cause: The oldest purge waits for {waitsMs}, and nothing failed. Remedy: Check that the cron trigger runs each minute. If there are more purges than the target's rate limit allows, purge by tags or prefixes.`,
  "outward-ahead": `${behind} Cause: The journal dates purges {aheadMs} ahead of its clock, which was set back. Each purge reaches the target up to two minutes late. Remedy: Check the time synchronization of the Redis server. This ends by itself once its clock has passed the dates.`,
  "outward-rate-limited": `${behind} Cause: The target's rate limit is exhausted« ({status})». Remedy: Check whether other programs purge with the same account. Purge by tags or prefixes in place of many URLs.`,
  "outward-unauthorized": `${behind} Cause: The target refused the credential« ({status})». Remedy: Check {variable}, and the permissions of this credential. Then run tidemark outward deliver {target}.`,
  "outward-refused": `${behind} Cause: The target refused the purge« ({status})». Remedy: Check the options of this target in the configuration: its id and its hosts. Then run tidemark outward deliver {target}.`,
  "outward-unavailable": `${behind} Cause: The target cannot be reached, or fails« ({status})». ${behindPasses}`,
  "outward-timed-out": `${behind} Cause: The target does not answer in time. ${behindPasses}`,
  "subrequests-spent": `Single requests made more subrequests than the plan allows, in the last minutes: {count}. They did not use the stores any more. Cause: Workers Free allows 50 subrequests for each request, Workers Paid 10,000 unless limits.subrequests of wrangler says otherwise. Those of the application count too. Remedy: Read several values with getMany or getOrSetMany, make fewer requests in one invocation, or use Workers Paid.`,
  "reports-missing": `No isolate has reported its counts for ten minutes. So the metrics do not change. Cause: The cron trigger is not set, or no isolate can write to the store. With level info, perhaps no requests came. Remedy: If requests came, set the cron trigger "* * * * *" in the file of wrangler, and deploy.`,
  "tier-edge": `This colo's Cache API {state}. Memory and the shared tier still answer. ${tier}`,
  "tier-shared": `The store of the shared tier {state}. The origin gets more requests. ${tier}`,
  "tier-r2": `R2 {state}. The shared tier has no large bodies, so the origin gets more requests. ${tier}`,
  "data-unpurged": `Keys of data whose purges the journal has not accepted: {count}. Other isolates may answer with older values. Cause: The database did not accept the purges. Remedy: Tidemark retries them by itself. Read the findings on Redis. If this isolate ends first, the older values stay until they expire: purge the namespaces that you write.`,
  "data-loads-fail": `Loads of data fail. Stale values answer if the namespace allows it; other calls get the error. Cause: The last load ended with {end}. Remedy: Check the source that the loads of this namespace read.`,
  "behind-backlog": `Accepted changes wait for the sink. The application's database does not have them yet. get and getMany of the set include them. ${backlog}`,
  "backlog-full": `Changes will soon be refused: the backlog for the sink is nearly full. ${backlog}`,
  "behind-dead-letters": `The sink refused changes for their content. They are not applied. Cause: {count} dead letters wait. Remedy: Correct the database. Then read the letters with deadLetters(), write each change again, and remove the letter with dropDeadLetter().`,
  "behind-clock": `Changes wait in slices that are ahead of the clock of Redis. They count once. Cause: The slices are ahead by {leadMs}: the clock of Redis was set back, or the sink got the progress mark of another database. Remedy: Check that the clock of the Redis server is right. The lead shrinks by itself, by an eighth of the time that passes.`,
  configuration: `{what} Cause: {why} Remedy: {hint}`,
  "switch-thrown": `${bypassed} Cause: Somebody turned on the switch. Remedy: ${switchOff}`,
  "switch-unread": `${bypassed} Cause: The journal's store has no readable state of the switch. Another version may have stored it. Remedy: ${switchOff}`,
  "bypass-set": `${bypassed} Cause: The variable BYPASS is set. Remedy: To use the cache again, unset BYPASS, and deploy.`,
};

/** The parts of a text in their order. */
export interface FindingText {
  /** The effect on the site. */
  readonly what: string;
  readonly cause: string;
  readonly remedy: string;
  readonly details?: string;
}

/** Splits a text at its labels. */
export function partsOf(text: string): FindingText {
  const [what = "", cause = "", remedy = "", details] = text.split(/ ?(?:Cause|Remedy|Details): ?/);
  return { what, cause, remedy, ...(details !== undefined && { details }) };
}

type AnsweredFinding = OperatorAnswer<"health">["findings"][number];

/** Adds the text to a finding that a site answered. One of a newer site shows its values alone. */
export function worded<Found extends AnsweredFinding>(finding: Found): Found & FindingText {
  const { code, case: closer = code, about = "the site", values: given = {} } = finding;
  const texts: Readonly<Record<string, string>> = findings;
  const known = [closer, code].find((one) => Object.hasOwn(texts, one)) ?? "";
  const text =
    texts[known] ??
    `${closer} Cause: ${JSON.stringify(given)} Remedy: Update the command: it does not know this finding.`;
  const values: Values = { about, ...given };
  const fields = values["fields"];
  const silence = typeof fields === "object" ? { remedy: remedyOfSilence(fields) } : {};
  const parts = Object.entries(partsOf(text)).map(([name, part]) => [
    name,
    fill(part as string, { ...values, ...silence }),
  ]);
  return { ...finding, ...(Object.fromEntries(parts) as FindingText) };
}

/**
 * Returns what to do about pages that vary silently by these fields, up to the end of its sentence.
 *
 * @param types the media types of the pages, the usual one first, which browsers then get; empty if unknown
 */
export function remedyOfSilence(names: readonly string[], types: readonly string[] = []): string {
  const ofAccept =
    types.map((type) => JSON.stringify(type)).join(", ") ||
    "their media types, the usual one first,";
  const lists = [
    ...(names.includes("accept") ? [`${ofAccept} in key.accept`] : []),
    ...(names.includes("accept-language") ? ["their languages in key.language"] : []),
  ];
  return `Let the origin name the field in Vary, or list ${lists.join(" and ")} of the route`;
}
