// `defineRule`: a part of a route that a site writes itself, made of phases alone. Each phase gets a small, read-only
// view of its request or answer, and what it returns is checked.
import { refuseUnknown } from "../base/known-members.ts";

import { OperatorError } from "../base/operator-error.ts";
import { isPlain } from "../base/schemas.ts";
import { lowerCased } from "../config/known-names.ts";
import { hasMeaning } from "../pages/stored/build.ts";
import { nameOfCookie, isUnclear, pairsIn } from "../pages/request/cookies.ts";
import { isWithheld } from "../pages/request/forwarded-fields.ts";
import { countryOf } from "../pages/request/route-conditions.ts";
import { ownRequest } from "../pages/request/plan.ts";
import { sentUrl } from "../pages/request/target.ts";
import { makePrivate } from "../pages/respond/downstream.ts";
import { withFields } from "../pages/respond/respond.ts";
import type { PhaseHost } from "../pages/site/site.ts";
import { textOf } from "../protocol/variables/bindings.ts";
import { inInvocation } from "../remote/invocation.ts";
import { tokenPattern } from "../rules/cache-control.ts";
import type { PartContents } from "./contents.ts";
import { optionsOf, type PartedRoute, type RoutePart, type RouteTraits } from "./port/part.ts";
import type {
  BodyFilter,
  Gate,
  LeavingEdits,
  PhaseLines,
  PhaseRequest,
  Phases,
  PhaseUrl,
} from "./port/phases.ts";
import {
  type Rule,
  type RuleAdmission,
  type RuleAnswer,
  type RuleClient,
  ruleConditions,
  type RuleCredential,
  type RuleFields,
  type RuleHost,
  type RuleRequest,
} from "./port/rule.ts";

/** The members of a rule. `idle`: those without effect on a route that stores nothing. */
const members = {
  active: ["name", "checks", "admits", "keyed", "forward", "respond", "filter"],
  idle: ["ignores", "fails", "received", "refuses"],
} as const;

/**
 * Makes a rule of the site for `use` of its routes. Experimental: may change in any release.
 *
 * @typeParam Keyed the names of `keyed`, which are inferred
 * @throws OperatorError for an invalid name or member
 * @example
 * const drafts = defineRule({ name: "drafts", refuses: ({ headers }) => headers.has("x-draft") });
 * export default defineConfig({ routes: [{ name: "pages", match: "*", fresh: "5m", use: [drafts] }] });
 */
export function defineRule<const Keyed extends string = never>(rule: Rule<Keyed>): RoutePart {
  const own = rule as Rule;
  checkForm(own);
  const { name } = own;
  const contents: PartContents = {
    isRule: true,
    // Several rules may have one name, such as those of one function with other options.
    openPhases: (host) => (route) => phasesOf(optionsOf(route, name) as Rule, host),
  };
  const traits: RouteTraits = {
    ...(own.admits && { admits: true }),
    ...(own.checks && { isGated: true, checked: lowerCased(own.checks.headers ?? []) }),
    ...(own.filter && { filters: true }),
    ...(own.keyed && { keyed: Object.keys(own.keyed) }),
  };
  return {
    kind: "route",
    name,
    traits,
    options: own,
    isForStored: members.active.slice(1).every((phase) => own[phase] === undefined),
    faultOn: (route) => faultOn(name, traits, route),
    contents,
  };
}

const nameForm = /^[a-z][a-z0-9-]{0,31}$/;

/** Fields that have a form of their own in requests to an origin. */
const ofTransport =
  /^(?:cookie|authorization|accept-encoding|via|cache-control|pragma|te|x-forwarded-.*|x-real-ip|cf-.*)$/;

/** Returns whether the field of a request has no meaning for a cache. @param name in lower case */
const isPlainField = (name: string): boolean =>
  tokenPattern.test(name) &&
  name === name.toLowerCase() &&
  !ofTransport.test(name) &&
  !isWithheld(name);

function checkForm(rule: Rule): void {
  refuseUnknown(rule, [...members.active, ...members.idle], "defineRule({ … })");
  const { name, checks, admits, keyed = {} } = rule;
  if (typeof name !== "string" || !nameForm.test(name)) {
    throw refusal(
      `its name is ${JSON.stringify(name)}`,
      "Write a small letter, then up to 31 small letters, digits or dashes.",
    );
  }
  const called = `the rule ${JSON.stringify(name)}`;
  const { headers = [], cookies = [], query = [] } = checks ?? {};
  const isNamed = headers.length + cookies.length + query.length > 0;
  if (checks !== undefined && (admits === undefined || !isNamed)) {
    throw refusal(
      `${called} has checks, but ${isNamed ? "no admits that does so" : "names no credential"}`,
      'Write checks: { headers: ["authorization"] }, and admits.',
    );
  }
  const wrong = Object.keys(keyed).find((field) => !isPlainField(field));
  if (wrong !== undefined) {
    throw refusal(
      `${called} has keyed: ${JSON.stringify(wrong)}, which is not a field for this`,
      'Write a name of your own in small letters, such as "x-bucket".',
    );
  }
}

const refusal = (fault: string, hint: string): OperatorError =>
  new OperatorError({ what: "A rule is invalid.", why: `defineRule: ${fault}.`, hint });

/** Returns why the rule cannot be on a route. */
function faultOn(
  name: string,
  { isGated, filters, keyed = [] }: RouteTraits,
  { use = [], key }: PartedRoute,
): string | undefined {
  const others = use.filter((part) => part.name !== name);
  const gate = isGated === true ? others.find(({ traits }) => traits.isGated) : undefined;
  if (gate !== undefined) return `has ${name} and ${gate.name}, which both have checks: join them`;
  const taken = [...others.flatMap(({ traits }) => traits.keyed ?? []), ...(key?.headers ?? [])];
  const filter = filters === true ? others.find(({ traits }) => traits.filters) : undefined;
  if (filter !== undefined)
    return `has ${name} and ${filter.name}, which both have a filter: join them`;
  const twice = keyed.find((field) => taken.some((one) => one.toLowerCase() === field));
  return twice && `has ${name}, and keys ${JSON.stringify(twice)} twice: remove one`;
}

/** @throws never; a phase may throw, and is then guarded */
function phasesOf(rule: Rule, host: PhaseHost): Phases {
  const ruleHost: RuleHost = { secret: (name) => secretIn(host, name) };
  const { name, checks, keyed } = rule;
  const values = keyed && keyedBy(keyed);
  const has = (phase: keyof Rule) => rule[phase] !== undefined;
  // The calls of such a rule to stores count for the invocation of its request.
  const waits = rule.admits?.constructor.name === "AsyncFunction";
  const phases: Phases = {
    admits: has("admits")
      ? (request, read) => {
          const ask = () => rule.admits?.(viewOf(request, read), ruleHost);
          const result = waits ? inInvocation(ask) : ask();
          return isPromise(result)
            ? Promise.resolve(result).then((settled) => admissionBy(rule, settled, request))
            : admissionBy(rule, result, request);
        }
      : undefined,
    ignores: ignoresOf(rule),
    filter: has("filter") ? (answer) => streamIn(rule.filter?.(seen(answer))) : undefined,
    keyed:
      values &&
      ((client) => Object.entries(values(client)).map(([field, value]) => [field, value ?? null])),
    fails: has("fails")
      ? (answer) => (isTrue(rule.fails?.(seen(answer))) ? "rule-fails" : undefined)
      : undefined,
    refuses: has("refuses")
      ? ({ status }, headers) =>
          isTrue(rule.refuses?.(seen({ status, headers }))) ? "rule-refuses" : undefined
      : undefined,
    objector:
      has("fails") || has("refuses")
        ? (answer) =>
            rule.fails?.(seen(answer)) || rule.refuses?.(seen(answer)) ? name : undefined
        : undefined,
    tags: has("received") ? (answer) => tagsIn(rule.received?.(seen(answer))) : undefined,
    respond: has("respond")
      ? (answer, request) => editsIn(rule.respond?.(seen(answer), values?.(request) ?? {}))
      : undefined,
  };
  try {
    const constants = constantsIn(rule.forward?.(ruleHost) ?? {});
    return checks === undefined
      ? { ...phases, constants }
      : { ...phases, gate: gateOf(name, checks, constants) };
  } catch (cause) {
    // Without its constants, a request must not pass as checked, and an answer is not for all.
    const failed = () => {
      throw cause;
    };
    return has("admits") ? { ...phases, admits: failed } : { ...phases, keyed: failed };
  }
}

const isPromise = (result: unknown): result is PromiseLike<RuleAdmission | undefined> =>
  typeof (Object(result) as { then?: unknown }).then === "function";

/** A filtered body has neither the validators nor the ranges of the stored one. */
function ignoresOf({ ignores, filter }: Rule): Phases["ignores"] {
  if (filter !== undefined) return () => ruleConditions;
  return ignores && ((request, read) => conditionsIn(ignores(viewOf(request, read))));
}

function secretIn({ env }: PhaseHost, name: string): string {
  const text = textOf(env, name);
  if (text === undefined) throw new ReferenceError(`The variable ${name} is not set.`);
  return text;
}

const gateOf = (
  name: string,
  { headers = [], cookies = [], query = [] }: RuleCredential,
  constants: PhaseLines,
): Gate => ({ name, headers: lowerCased(headers), cookies, query, constants });

/** Returns fields that cannot be changed, and cannot be cast to the core's own. */
const readOnly = (fields: RuleFields): RuleFields =>
  Object.freeze({
    get: (name: string) => fields.get(name),
    has: (name: string) => fields.has(name),
  });

const seen = ({ status, headers }: RuleAnswer): RuleAnswer =>
  Object.freeze({ status, headers: readOnly(headers) });

function clientOf({ headers, cf }: Pick<PhaseRequest, "headers" | "cf">): RuleClient {
  return {
    headers: readOnly(headers),
    cookie(name) {
      const field = headers.get("cookie") ?? "";
      if (isUnclear(field, name, false)) return undefined;
      return pairsIn(field)
        .find((pair) => nameOfCookie(pair) === name)
        ?.slice(name.length + 1);
    },
    country: countryOf(cf as Request["cf"]) ?? undefined,
  };
}

const viewOf = (request: PhaseRequest, { target, parameters }: PhaseUrl): RuleRequest =>
  Object.freeze({
    ...clientOf(request),
    method: request.method,
    url: sentUrl({ ...target, host: target.ownHost }),
    path: target.path,
    params: Object.freeze({ ...parameters }),
  });

/** Returns the values of a request, which are computed once: the origin and the client get those of the key. */
function keyedBy(keyed: NonNullable<Rule["keyed"]>) {
  const known = new WeakMap<object, Readonly<Record<string, string | undefined>>>();
  return (request: Pick<PhaseRequest, "headers" | "cf">) => {
    const client = ownRequest(request);
    const before = known.get(client);
    if (before !== undefined) return before;
    const view = Object.freeze(clientOf(client));
    const entries = Object.entries(keyed).map(([field, valueOf]) => {
      const value: unknown = valueOf(view);
      if (value !== undefined) checkValue(field, value);
      return [field, value] as const;
    });
    const values = Object.freeze(Object.fromEntries(entries)) as Readonly<Record<string, string>>;
    known.set(client, values);
    return values;
  };
}

const valueForm = /^[\x21-\x7e](?:[\x20-\x7e]{0,1022}[\x21-\x7e])?$/;
const keyedCharactersMax = 256;

/** @throws TypeError for a value that no field, or no key, can have */
function checkValue(field: string, value: unknown, charactersMax = keyedCharactersMax): void {
  const isFit = typeof value === "string" && value.length <= charactersMax && valueForm.test(value);
  if (!isFit) throw wrongForm(value, `short printable ASCII for the field ${field}`);
}

/** @throws TypeError for a field that the origin would not get as a constant */
function constantsIn(given: Readonly<Record<string, string>>): PhaseLines {
  if (!isPlain(given)) throw wrongForm(given, "an object");
  return Object.entries(given).map(([field, value]) => {
    const name = field.toLowerCase();
    checkValue(name, value, 1_024);
    if (name !== "authorization" && !isPlainField(name)) {
      throw new TypeError(`The field ${name} cannot be a constant.`);
    }
    return [name, value];
  });
}

/** @throws TypeError for another result */
function admissionBy(
  { name, checks }: Rule,
  result: RuleAdmission | undefined,
  { method }: PhaseRequest,
) {
  if (result === undefined) return {};
  if (result === "checked" && checks !== undefined) return { checkedBy: name };
  if (result === "stale") return { staleBy: name };
  if (!(result instanceof Response)) throw new TypeError("The result of admits has no meaning.");
  const headers = new Headers(result.headers);
  if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
  makePrivate(headers);
  return {
    response: withFields(result, headers, method === "HEAD" ? null : result.body),
    by: name,
  };
}

/** @throws TypeError if one is not text */
function textsIn(given: unknown): readonly string[] {
  if (Array.isArray(given) && given.every((text) => typeof text === "string")) return given;
  throw wrongForm(given, "a list of strings");
}

/** Returns the error for a result of another form. Nobody else hears of the rejection of a promise. */
function wrongForm(given: unknown, form: string): TypeError {
  void Promise.resolve(given).catch(() => undefined);
  return new TypeError(`A rule has not returned ${form}.`);
}

/** @throws TypeError for a promise, and for anything else that is no plain object with these members */
function checkMembers(given: object, known: readonly string[]): void {
  const isKnown = isPlain(given) && Object.keys(given).every((name) => known.includes(name));
  if (!isKnown) throw wrongForm(given, `an object with ${known.join(", ")}`);
}

/** @throws TypeError if the result is no boolean */
function isTrue(given: unknown): boolean {
  if (typeof given !== "boolean") throw wrongForm(given, "a boolean");
  return given;
}

/** @throws TypeError for another result than tags */
function tagsIn(given: ReturnType<NonNullable<Rule["received"]>>): readonly string[] {
  if (given === undefined) return [];
  checkMembers(given, ["tags"]);
  return textsIn(given.tags);
}

/** @throws TypeError for another result than a stream that is not in use */
function streamIn(given: ReturnType<NonNullable<Rule["filter"]>>): BodyFilter | undefined {
  if (given === undefined) return undefined;
  const { readable, writable } = Object(given) as Partial<BodyFilter>;
  const isFree =
    readable instanceof ReadableStream &&
    writable instanceof WritableStream &&
    !readable.locked &&
    !writable.locked;
  if (!isFree) throw wrongForm(given, "a new stream");
  return given;
}

/** @throws TypeError for another name */
function conditionsIn(given: readonly string[]): readonly string[] {
  const known: readonly string[] = ruleConditions;
  if (textsIn(given).every((name) => known.includes(name))) return given;
  throw new TypeError("ignores returned another name than those of conditions.");
}

/** @throws TypeError for a field by which caches or clients use the answer */
function editsIn(edits: ReturnType<NonNullable<Rule["respond"]>>): LeavingEdits | undefined {
  if (edits === undefined) return undefined;
  checkMembers(edits, ["set", "remove", "cookies"]);
  const { set = {}, remove = [], cookies = [] } = edits;
  for (const names of [remove, cookies]) textsIn(names);
  const lines = Object.entries(set);
  for (const name of [...Object.keys(set), ...remove]) {
    if (!tokenPattern.test(name) || hasMeaning(name)) {
      throw new TypeError(`respond cannot change the field ${name}.`);
    }
  }
  for (const [name, value] of lines) checkValue(name, value, 1_024);
  for (const line of cookies) checkValue("set-cookie", line, 1_024);
  return { removed: remove, lines, cookies };
}
