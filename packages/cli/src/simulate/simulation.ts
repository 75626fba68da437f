// Plays the requests of a log in simulated time. Routes, keys, verdicts, storing, admission and memory
// are the Worker's own code. The origin answers each request as the log says.
import { BoundedMarks } from "../../../../src/base/bounded-map.ts";
import { matchOf } from "../../../../src/config/answer-rules.ts";
import type { Config, Route } from "../../../../src/config/config.ts";
import { noJournal } from "../../../../src/purge/view/view.ts";
import { type FieldLine, fieldsOf, isErrorStatus } from "../../../../src/rules/fields.ts";
import { heapBytes } from "../../../../src/cache/tiers/record-form.ts";
import { isPersonal } from "../../../../src/pages/request/personal.ts";
import type { LookupRequest } from "../../../../src/pages/request/plan.ts";
import { isRefreshDue } from "../../../../src/pages/reuse/early-refresh.ts";
import {
  decide,
  decideOnError,
  isAnswer,
  type Verdict,
} from "../../../../src/pages/reuse/may-answer.ts";
import type { PendingForward } from "../../../../src/pages/reuse/pending-forward.ts";
import type { Exchange } from "../../../../src/pages/site/exchange.ts";
import { Invalidations } from "../../../../src/pages/site/remembered-keys.ts";
import {
  assignedLifetimeSeconds,
  keepUntilAtMs,
  termsOf,
} from "../../../../src/pages/stored/lifetime.ts";
import { responseForm } from "../../../../src/pages/stored/record-form.ts";
import type {
  Candidate,
  ResponseTier,
  StoredMetadata,
  StoredResponse,
  Tiers,
} from "../../../../src/pages/stored/stored-response.ts";
import { awaitsSecondAsk } from "../../../../src/pages/storing/admission.ts";
import { refusalToStore } from "../../../../src/pages/storing/refusal.ts";
import { governingDirectives } from "../../../../src/rules/cache-control.ts";
import { tierScopes } from "../../../../src/config/tier-names.ts";
import type { LogEntry } from "./formats.ts";
import { type Assumed, KnownLifetimes, noAssumptions, type Planned, Planner } from "./planner.ts";
import { Counts, type Outcome, Totals } from "./totals.ts";
import { World } from "./tiers.ts";

export interface Policy {
  readonly config: Config;
  /** The host of requests whose log names none. */
  readonly host: string;
  /** The colos, if the log names none. */
  readonly coloCount: number;
  /** The isolates in each colo. */
  readonly isolateCount: number;
  /** How long the origin takes, if the log does not say. */
  readonly originMs: number;
  /** The lifetime of answers to which neither the log nor the route gives one. */
  readonly freshSeconds: number | undefined;
}

/** A forward in progress. */
interface Flight {
  readonly dueAtMs: number;
  readonly metadata: StoredMetadata;
  readonly request: LookupRequest;
  readonly exchange: Exchange;
  /** The isolate's tiers; `undefined` if the flight is for all colos. */
  readonly name: string;
  readonly into: readonly ResponseTier[];
}

interface Found {
  readonly candidate: Candidate;
  readonly verdict: Verdict;
}

export class Simulation {
  readonly totals = new Totals();
  readonly assumed: Assumed = noAssumptions();
  readonly world: World;
  readonly #policy: Policy;
  readonly #planner: Planner;
  readonly #known = new KnownLifetimes();
  readonly #invalidations = new Invalidations();
  readonly #purgedAtMs = new BoundedMarks<number>();
  readonly #exchanges = new Map<Tiers, Exchange>();
  readonly #numbers = new Map<Tiers, number>();
  readonly #admitted = new WeakSet<StoredMetadata>();
  readonly #flights = new Map<string, Flight>();
  /** The flights by the time of their end. */
  readonly #ending: Flight[] = [];
  #turn = 0;
  #seed = 1;

  constructor(policy: Policy) {
    this.#policy = policy;
    this.#planner = new Planner(policy.config, policy.host, this.assumed);
    this.world = new World(policy.config, policy.isolateCount);
  }

  play(entry: LogEntry): void {
    this.#endFlights(entry.atMs);
    const planned = this.#planner.plan(entry);
    const counts = this.totals.of(planned.route.name);
    counts.requests += 1;
    this.totals.arrived(entry.atMs);
    if (planned.kind === "own") return;
    const tiers = this.world.isolateIn(this.#coloOf(entry));
    if (planned.kind === "lookup") return this.#lookedUp(entry, planned.request, tiers, counts);
    counts.passed += 1;
    counts.answeredBytes += entry.bytes ?? 0;
    this.#asked(entry, counts, entry.bytes ?? 0);
    this.#invalidate(entry, planned, tiers);
  }

  /** Applies RFC 9111 §4.4 in the colo, as `invalidate: "here"` does. */
  #invalidate({ method, status }: LogEntry, planned: Planned, tiers: Tiers): void {
    const isUnsafe = !["GET", "HEAD", "OPTIONS", "TRACE", "QUERY"].includes(method);
    if (planned.kind !== "pass" || !isUnsafe || status < 200 || status >= 400) return;
    for (const tier of tiers.all) void tier.remove(planned.key);
  }

  #coloOf({ colo, client }: LogEntry): string {
    if (colo !== undefined) return colo;
    this.assumed.colo += 1;
    const { coloCount } = this.#policy;
    if (client === undefined) return String((this.#turn = (this.#turn + 1) % coloCount));
    let hash = 0;
    for (let at = 0; at < client.length; at += 1) hash = (hash * 31 + client.charCodeAt(at)) >>> 0;
    return String(hash % coloCount);
  }

  #lookedUp(entry: LogEntry, request: LookupRequest, tiers: Tiers, counts: Counts): void {
    const { atMs, own } = entry;
    const { text } = request.key;
    if (own?.isPurged === true) this.#notePurge(request, atMs);
    const exchange = this.#exchangeOf(tiers);
    const used = tiers.of(request.route.tiers);
    const found = this.#found(request, used, { exchange, atMs });
    counts.answeredBytes += entry.bytes ?? 0;
    const verdict = found?.verdict;
    if (found !== undefined && (verdict?.kind === "serve" || verdict?.kind === "serve-stale")) {
      counts.answered(verdict.kind === "serve" ? "hit" : "stale-hit");
      if (verdict.kind === "serve") this.#admit(found.candidate, request, used, atMs);
      // `isRefreshDue` reads only these parts of a request in progress.
      const hit = { request, exchange, atMs } as Parameters<typeof isRefreshDue>[1];
      if (!isRefreshDue(verdict, hit)) return;
      if (this.#inFlight(request, tiers) === undefined) {
        this.#fly(entry, request, tiers, { counts, found, isRefresh: true });
      }
      return;
    }
    const outcome = this.#forwarded(entry, request, tiers, { counts, found });
    counts.answered(outcome);
    if (outcome === "stored" || outcome === "forwarded") {
      this.totals.missed(entry.target === undefined ? text : request.target.path);
    }
  }

  #notePurge({ key: { text }, route }: LookupRequest, atMs: number): void {
    // Each colo logs the purge once. Records that were requested since must stay.
    const sinceMs = atMs - (this.#purgedAtMs.get(text) ?? -Infinity);
    if (sinceMs < route.purgeMaxLagMs) return;
    this.#purgedAtMs.set(text, atMs);
    this.#invalidations.add(text, atMs - 1);
  }

  /** Reads the tiers in order, and backfills those above the response that may answer. */
  #found(
    request: LookupRequest,
    used: Tiers,
    { exchange, atMs }: { readonly exchange: Exchange; readonly atMs: number },
  ): Found | undefined {
    let youngest: Found | undefined;
    const question = { request, exchange, atMs };
    const personal = isPersonal(request);
    for (const tier of used.all) {
      if (personal && tierScopes[tier.name] === "world") continue;
      const read = tier.read(request.key, { atMs, part: "whole", afterAnswer: () => undefined });
      if (read instanceof Promise || read.kind !== "found" || read.record.kind !== "response")
        continue;
      const candidate = { stored: read.record.stored, tier: tier.name, key: request.key };
      const found = { candidate, verdict: decide(candidate, question) };
      if (isAnswer(found.verdict)) {
        if (tier !== used.all[0])
          this.#write(candidate.stored, request, used.above(tier), atMs, true);
        return found;
      }
      const isYounger =
        candidate.stored.metadata.respondedAtMs >
        (youngest?.candidate.stored.metadata.respondedAtMs ?? -Infinity);
      if (isYounger) youngest = found;
    }
    return youngest;
  }

  #write(
    stored: StoredResponse,
    { key, route }: LookupRequest,
    into: readonly ResponseTier[],
    atMs: number,
    isAskedAgain = false,
  ): void {
    const untilAtMs = keepUntilAtMs(stored.metadata, termsOf(stored.metadata, route));
    const leadsToError = isErrorStatus(stored.metadata.status);
    const keep = { atMs, untilAtMs, body: "new", isAskedAgain, leadsToError } as const;
    for (const tier of into) void tier.write(key, { kind: "response", stored }, keep);
  }

  /** Stores a response in the shared tier at its second request. */
  #admit({ stored }: Candidate, request: LookupRequest, used: Tiers, atMs: number): void {
    const { metadata } = stored;
    if (metadata.awaitsSecondAsk !== true || this.#admitted.has(metadata)) return;
    this.#admitted.add(metadata);
    const admitted = { ...stored, metadata: { ...metadata, awaitsSecondAsk: undefined } };
    this.#write(admitted, request, used.below, atMs);
  }

  #flightName({ key, route }: LookupRequest, tiers: Tiers): string {
    if (route.collapse === "global") return key.text;
    return `${this.#numberOf(tiers)} ${key.text}`;
  }

  #inFlight(request: LookupRequest, tiers: Tiers): Flight | undefined {
    return isPersonal(request) ? undefined : this.#flights.get(this.#flightName(request, tiers));
  }

  #forwarded(
    entry: LogEntry,
    request: LookupRequest,
    tiers: Tiers,
    { counts, found }: { readonly counts: Counts; readonly found: Found | undefined },
  ): Outcome {
    if (this.#inFlight(request, tiers) !== undefined) return "collapsed";
    return this.#fly(entry, request, tiers, { counts, found, isRefresh: false });
  }

  /** Asks the origin, whose answer is stored once it has arrived. */
  #fly(
    entry: LogEntry,
    request: LookupRequest,
    tiers: Tiers,
    { counts, found, isRefresh }: { counts: Counts; found: Found | undefined; isRefresh: boolean },
  ): Outcome {
    const exchange = this.#exchangeOf(tiers);
    const bytes = bytesOf(entry, found);
    this.#asked(entry, counts, bytes);
    if (isRefresh) counts.refreshes += 1;
    const whole = isRefresh ? { ...request, method: "GET" as const, isAnonymous: true } : request;
    const metadata = this.#metadataOf(entry, whole, bytes);
    const candidate = found?.candidate;
    if (metadata.status >= 500 && !isRefresh) {
      const standIn = decideOnError(candidate, { request, exchange, atMs: entry.atMs });
      if (standIn !== undefined) return "stale-hit";
    }
    const isWorse = candidate !== undefined && isErrorStatus(metadata.status);
    // The rules read only these parts of a forward in progress.
    const pending = {
      request: whole,
      exchange,
      key: request.key,
      validating: candidate,
      inShared: "nothing",
    } as PendingForward;
    const received = headersFor(metadata.fields);
    if (isWorse || refusalToStore(metadata, received, pending) !== undefined) return "forwarded";
    const isHeld = awaitsSecondAsk(metadata, pending);
    const stored = isHeld ? { ...metadata, awaitsSecondAsk: true } : metadata;
    const { all } = tiers.of(request.route.tiers);
    const into = isHeld ? all.filter(({ name }) => tierScopes[name] !== "world") : all;
    const name = this.#flightName(request, tiers);
    const dueAtMs = metadata.respondedAtMs;
    this.#begin({ dueAtMs, metadata: stored, request: whole, exchange, name, into });
    return "stored";
  }

  #begin(flight: Flight): void {
    this.#flights.set(flight.name, flight);
    let at = this.#ending.length;
    while (at > 0 && (this.#ending[at - 1]?.dueAtMs ?? 0) > flight.dueAtMs) at -= 1;
    this.#ending.splice(at, 0, flight);
  }

  #endFlights(atMs: number): void {
    let count = 0;
    for (const flight of this.#ending) {
      if (flight.dueAtMs > atMs) break;
      count += 1;
      const { metadata, request, into, dueAtMs, name } = flight;
      this.#flights.delete(name);
      if (this.#invalidations.covers(metadata, request.key)) continue;
      // Only the size of a body counts.
      const blob = { size: metadata.bodyBytes ?? 0 } as Blob;
      this.#write({ metadata, body: { kind: "blob", blob } }, request, into, dueAtMs);
    }
    if (count > 0) this.#ending.splice(0, count);
  }

  #asked(entry: LogEntry, counts: Counts, bytes: number): void {
    counts.originRequests += 1;
    counts.originBytes += bytes;
    this.totals.askedOrigin(entry.atMs);
  }

  #metadataOf(
    entry: LogEntry,
    { key, route, url }: LookupRequest,
    bodyBytes: number,
  ): StoredMetadata {
    const { atMs, colo = "" } = entry;
    const { originMs } = this.#policy;
    if (entry.originMs === undefined) this.assumed.originMs += 1;
    if (entry.status === 304 && entry.own === undefined) this.assumed.status304 += 1;
    const status = entry.status === 304 ? 200 : entry.status;
    const fillCostMs = entry.originMs ?? originMs;
    const bare = {
      status,
      fields: noFields,
      ruleMatch: matchOf({ status, fields: fieldsOf({ fields: noFields }) }, route.answer),
    };
    return {
      ...bare,
      fields: this.#fieldsOf(entry, bare, key.text, route),
      statusText: "",
      selecting: [],
      jitterDraw: this.#random(),
      tags: [],
      url,
      route: route.name,
      stamp: "none",
      colo,
      requestedAtMs: atMs,
      respondedAtMs: atMs + fillCostMs,
      fillCostMs,
      bodyBytes,
      bodyDigest: "",
    };
  }

  /** Returns the fields of an answer: those of the log, or else an assumed lifetime. */
  #fieldsOf(
    { own }: LogEntry,
    bare: Pick<StoredMetadata, "status" | "fields" | "ruleMatch">,
    key: string,
    route: Route,
  ): readonly FieldLine[] {
    const logged = this.#known.of(key, own);
    if (logged !== undefined) return withLifetime(logged);
    const governing = governingDirectives(fieldsOf(bare), route.targets);
    if (assignedLifetimeSeconds(route, bare, governing) !== undefined) return noFields;
    const { freshSeconds } = this.#policy;
    if (freshSeconds === undefined || isErrorStatus(bare.status)) {
      if (!isErrorStatus(bare.status)) this.assumed.noLifetime += 1;
      return noFields;
    }
    this.assumed.fresh += 1;
    return withLifetime(freshSeconds);
  }

  #exchangeOf(tiers: Tiers): Exchange {
    const known = this.#exchanges.get(tiers);
    if (known !== undefined) return known;
    const site = {
      config: this.#policy.config,
      tiers,
      view: noJournal,
      invalidations: this.#invalidations,
      bypasses: () => false,
      random: () => this.#random(),
    };
    // The simulated steps read only these parts of a site and an exchange.
    const exchange = { site, colo: () => "", effects: "none" } as unknown as Exchange;
    this.#exchanges.set(tiers, exchange);
    return exchange;
  }

  #numberOf(tiers: Tiers): number {
    let number = this.#numbers.get(tiers);
    if (number === undefined) this.#numbers.set(tiers, (number = this.#numbers.size));
    return number;
  }

  /** Returns 0 ≤ n < 1. The same log always has the same result. */
  #random(): number {
    this.#seed = (this.#seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#seed ^ (this.#seed >>> 15), 1 | this.#seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** Returns the bytes in the memory of all isolates now, by route. */
  memoryByRoute(): Map<string, number> {
    const bytes = new Map<string, number>();
    for (const { memory } of this.world.isolates) {
      for (const [, record] of memory.entries()) {
        if (record.kind !== "response") continue;
        const { route } = record.stored.metadata;
        bytes.set(route, (bytes.get(route) ?? 0) + heapBytes(record, responseForm));
      }
    }
    return bytes;
  }
}

/** Returns the size of the whole body: a 304, a HEAD and a part of it do not show it. */
function bytesOf({ method, status, bytes }: LogEntry, found: Found | undefined): number {
  const isWhole = method === "GET" && status !== 304 && status !== 206;
  return (isWhole ? bytes : undefined) ?? found?.candidate.stored.metadata.bodyBytes ?? 0;
}

const noFields: readonly FieldLine[] = [];
const lifetimes = new Map<number, readonly FieldLine[]>();
const headers = new WeakMap<readonly FieldLine[], Headers>();

/** Returns the same fields for the same lifetime. */
function withLifetime(seconds: number): readonly FieldLine[] {
  const known = lifetimes.get(seconds);
  if (known !== undefined) return known;
  const fields: readonly FieldLine[] = [["cache-control", `max-age=${seconds}`]];
  if (lifetimes.size < 10_000) lifetimes.set(seconds, fields);
  return fields;
}

function headersFor(fields: readonly FieldLine[]): Headers {
  let made = headers.get(fields);
  if (made === undefined) headers.set(fields, (made = new Headers(fields as [string, string][])));
  return made;
}
