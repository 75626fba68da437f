// `defineRule`: a part of a route that a site writes itself, made of phases alone. Each phase gets a small, read-only
// view of its request or answer, and what it returns is checked.
import { refuseUnknown } from "../../base/known-members.ts";
import { OperatorError } from "../../base/operator-error.ts";
import { isPlain } from "../../base/schemas.ts";
import { lowerCased } from "../../config/known-names.ts";
import { patternFault, readPattern } from "../../config/route-pattern.ts";
import { nameOfCookie, isUnclear, pairsIn } from "../../routing/cookies.ts";
import { countryOf } from "../../routing/route-conditions.ts";
import { ownRequest } from "../../pages/request/conditions.ts";
import { ownUrl } from "../../routing/target.ts";
import type { PhaseHost } from "../../pages/site/site.ts";
import { textOf } from "../../protocol/variables/bindings.ts";
import { inInvocation } from "../../remote/invocation.ts";
import { configuredName } from "../../rules/query-string.ts";
import type { PartContents } from "../../admin/part-contents.ts";
import { nameForm } from "../named-values.ts";
import { optionsOf, type PartedRoute, type RoutePart, type RouteTraits } from "../port/part.ts";
import type { Patterns } from "../port/path-parameters.ts";
import {
  type Gate,
  ignorable,
  type PhaseLines,
  type PhaseRequest,
  type Phases,
  type PhaseUrl,
} from "../port/phases.ts";
import {
  type Rule,
  type RuleAdmission,
  type RuleAnswer,
  type RuleClient,
  type RuleCredential,
  type RuleFields,
  type RuleHost,
  type RuleRequest,
} from "./rule.ts";
import {
  admissionBy,
  checkValue,
  conditionsIn,
  constantsIn,
  editsIn,
  isConstantField,
  isPlainField,
  isTrue,
  streamIn,
  tagsIn,
} from "./rule-results.ts";

/** The rest of a rule, for one of its phases. */
interface RuleContext {
  readonly rule: Rule;
  readonly host: RuleHost;
  /** The values of `keyed`. */
  readonly valuesOf: (
    request: Pick<PhaseRequest, "headers" | "cf">,
  ) => Readonly<Record<string, string | undefined>>;
}

/** How a phase of a rule takes part in the decisions of the core. */
interface Form<Phase> {
  readonly open: (phase: Phase, opened: RuleContext) => Phases;
  /** Whether the phase has no effect on a route that stores nothing. */
  readonly isForStored?: true;
}

/** The members that need no request. */
const fixed = ["name", "match", "checks", "forward"] as const;

const isPromise = (result: unknown): result is PromiseLike<RuleAdmission | undefined> =>
  typeof (Object(result) as { then?: unknown }).then === "function";

/** The phases of a rule. */
const forms: {
  readonly [Name in Exclude<keyof Rule, (typeof fixed)[number]>]-?: Form<NonNullable<Rule[Name]>>;
} = {
  admits: {
    open: (admits, { rule, host }) => {
      // The calls of a rule to stores count for the invocation of its request. A rule that calls none needs none.
      let waits: boolean | undefined;
      return {
        admits: (request, read) => {
          const ask = () => admits(viewOf(request, read), host);
          const result = waits === false ? ask() : inInvocation(ask);
          waits = isPromise(result) || waits === true;
          return isPromise(result)
            ? Promise.resolve(result).then((settled) => admissionBy(rule, settled, request))
            : admissionBy(rule, result, request);
        },
      };
    },
  },
  ignores: {
    open: (ignores) => ({
      ignores: (request, read) => conditionsIn(ignores(viewOf(request, read))),
    }),
    isForStored: true,
  },
  keyed: {
    open: (_, { valuesOf }) => ({
      keyed: (client) =>
        Object.entries(valuesOf(client)).map(([field, value]) => [field, value ?? null]),
    }),
  },
  fails: {
    open: (fails, { rule: { name } }) => ({
      fails: (answer) =>
        isTrue(fails(seen(answer))) ? { rule: "rule-fails", names: [name] } : undefined,
    }),
    isForStored: true,
  },
  received: {
    open: (received) => ({ tags: (answer) => tagsIn(received(seen(answer))) }),
    isForStored: true,
  },
  refuses: {
    open: (refuses, { rule: { name } }) => ({
      refuses: (answer) =>
        isTrue(refuses(seen(answer))) ? { rule: "rule-refuses", names: [name] } : undefined,
    }),
    isForStored: true,
  },
  respond: {
    open: (respond, { valuesOf }) => ({
      respond: (answer, request) => editsIn(respond(seen(answer), valuesOf(request))),
    }),
  },
  // A filtered body has neither the validators nor the ranges of the stored one.
  filter: {
    open: (filter) => ({
      filter: (answer) => streamIn(filter(seen(answer))),
      ignores: () => ignorable,
    }),
  },
};

const rows = Object.entries(forms) as [keyof typeof forms, Form<unknown>][];

/**
 * Makes a rule of the site for `use` of its routes. Experimental: may change in any release.
 *
 * @typeParam Keyed the names of `keyed`, which are inferred
 * @typeParam Match the patterns of `match`, which are inferred
 * @throws OperatorError for an invalid name or member
 * @example
 * const drafts = defineRule({ name: "drafts", refuses: ({ headers }) => headers.has("x-draft") });
 * export default defineConfig({ routes: [{ name: "pages", match: "*", fresh: "5m", use: [drafts] }] });
 */
export function defineRule<
  const Keyed extends string = never,
  const Match extends Patterns = Patterns,
>(rule: Rule<Keyed, Match>): RoutePart {
  const own = rule as unknown as Rule;
  checkForm(own);
  const { name } = own;
  const contents: PartContents = {
    isRule: true,
    // Several rules may have one name, such as those of one function with other options.
    openPhases: (host) => (route) => phasesOf(optionsOf(route, name) as Rule, host),
  };
  const traits: RouteTraits = {
    ...(own.admits && { admits: true }),
    ...(own.checks && {
      isGated: true,
      checked: lowerCased(own.checks.headers ?? []),
      checkedQuery: own.checks.query?.map(configuredName),
    }),
    ...(own.filter && { filters: true }),
    ...(own.keyed && { keyed: Object.keys(own.keyed) }),
  };
  return {
    kind: "route",
    name,
    traits,
    options: own,
    isForStored:
      own.forward === undefined &&
      rows.every(([phase, form]) => form.isForStored ?? own[phase] === undefined),
    faultOn: (route) => faultOn(own, traits, route),
    contents,
  };
}

function checkForm(rule: Rule): void {
  refuseUnknown(rule, [...fixed, ...Object.keys(forms)], "defineRule({ … })");
  const { name, checks, admits, keyed = {}, match = [] } = rule;
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
  const unclear = query.find((parameter) => /[\s+]|%2[0b]/i.test(parameter));
  if (unclear !== undefined) {
    throw refusal(
      `${called} checks the parameter ${JSON.stringify(unclear)}, whose blank or plus URLs spell in several ways`,
      'Give it a name without them, such as "api-key".',
    );
  }
  const faultyPattern = [match]
    .flat()
    .map((one) => (typeof one === "string" ? patternFault(one) : "is not text"))
    .find((fault) => fault !== undefined);
  if (faultyPattern !== undefined) {
    throw refusal(`match of ${called} ${faultyPattern}`, "Write the pattern of a route.");
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
  { name, match, checks }: Rule,
  { isGated, checked = [], filters, keyed = [] }: RouteTraits,
  { use = [], key, match: patterns = [] }: PartedRoute,
): string | undefined {
  const lacking = lackingParameter(match, patterns);
  if (lacking !== undefined) {
    return `has ${name}, which reads the parameter :${lacking}: give it to each pattern in match`;
  }
  const others = use.filter((part) => part.name !== name);
  const gate = isGated === true ? others.find(({ traits }) => traits.isGated) : undefined;
  if (gate !== undefined) return `has ${name} and ${gate.name}, which both have checks: join them`;
  const fields = lowerCased(key?.headers ?? []);
  // The key never has what a gate hides.
  const hidden =
    checked.find((field) => fields.includes(field)) ??
    checks?.cookies?.find((cookie) => key?.cookies?.includes(cookie));
  if (hidden !== undefined) {
    return `has ${name}, which checks ${JSON.stringify(hidden)}: remove it from key`;
  }
  const taken = [...others.flatMap(({ traits }) => traits.keyed ?? []), ...fields];
  const filter = filters === true ? others.find(({ traits }) => traits.filters) : undefined;
  if (filter !== undefined)
    return `has ${name} and ${filter.name}, which both have a filter: join them`;
  const twice = keyed.find((field) => taken.includes(field));
  return twice && `has ${name}, and keys ${JSON.stringify(twice)} twice: remove one`;
}

/** Returns a parameter that all patterns of a rule have, but not all those of a route. */
function lackingParameter(ofRule: Rule["match"] = [], ofRoute: Patterns): string | undefined {
  const [first = [], ...others] = [ofRule].flat().map((text) => readPattern(text).parameters);
  const read = first.filter((name) => others.every((names) => names.includes(name)));
  const given = [ofRoute].flat().map((text) => readPattern(text).parameters);
  return read.find((name) => given.some((names) => !names.includes(name)));
}

/** @throws never; a phase may throw, and is then guarded */
function phasesOf(rule: Rule, env: PhaseHost): Phases {
  const host: RuleHost = { secret: (name) => secretIn(env, name) };
  const context: RuleContext = {
    rule,
    host,
    valuesOf: rule.keyed ? keyedBy(rule.keyed) : () => ({}),
  };
  const phases = Object.assign(
    {},
    ...rows.map(([name, form]) => {
      const phase = rule[name];
      if (phase === undefined) return undefined;
      return form.open(typeof phase === "function" ? phase.bind(rule) : phase, context);
    }),
  ) as Phases;
  try {
    const constants = constantsIn(rule.forward?.(host) ?? {});
    if (rule.checks === undefined) return { ...phases, constants };
    return { ...phases, gate: gateOf(rule.name, rule.checks, constants) };
  } catch (cause) {
    // Without its constants, a request must not pass as checked, and an answer is not for all.
    const failed = () => {
      throw cause;
    };
    const constants = namesOf(rule, host)?.map((name) => [name, null] as const);
    return phases.admits !== undefined || constants === undefined
      ? { ...phases, constants, admits: failed }
      : { ...phases, constants, keyed: failed };
  }
}

/** Returns the names of constants that have failed; `undefined` if they are unknown even with a value for each unset variable. */
function namesOf({ forward }: Rule, host: RuleHost): readonly string[] | undefined {
  const secret = (name: string) => {
    try {
      return host.secret(name);
    } catch {
      return "unset";
    }
  };
  try {
    const given: unknown = forward?.({ secret });
    return isPlain(given) ? lowerCased(Object.keys(given)).filter(isConstantField) : undefined;
  } catch {
    return undefined;
  }
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
): Gate => ({
  name,
  headers: lowerCased(headers),
  cookies,
  query: query.map(configuredName),
  constants,
});

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
    verifiedBot: verifiedBotOf(cf),
  };
}

function verifiedBotOf(cf: unknown): string | undefined {
  const { verifiedBotCategory: category } = Object(cf) as { verifiedBotCategory?: unknown };
  return typeof category === "string" && category !== "" ? category : undefined;
}

const viewOf = (request: PhaseRequest, { target, parameters }: PhaseUrl): RuleRequest =>
  Object.freeze({
    ...clientOf(request),
    method: request.method,
    url: ownUrl(target),
    path: target.path,
    params: Object.freeze({ ...parameters }),
  });

type KeyedValues = Readonly<Record<string, string | undefined>>;

/** The values of each rule by the client's request. All routes with the rule share them. */
const valuesByRule = new WeakMap<NonNullable<Rule["keyed"]>, WeakMap<object, KeyedValues>>();

/**
 * Returns the values of a request, which are computed once: the origin, the client and the fragments of its page get
 * those of the key.
 */
function keyedBy(keyed: NonNullable<Rule["keyed"]>) {
  const known = valuesByRule.get(keyed) ?? new WeakMap<object, KeyedValues>();
  valuesByRule.set(keyed, known);
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
    const values = Object.freeze(Object.fromEntries(entries)) as KeyedValues;
    known.set(client, values);
    return values;
  };
}
