// The rules of a route on the origin's answers: their compiled form, and which of them fit one answer.
import { responseMediaTypes } from "../rules/media-types.ts";
import { contentLength, type Fields, isErrorStatus } from "../rules/fields.ts";
import { heuristicallyCacheableStatuses } from "../rules/freshness.ts";
import { durationSeconds } from "./duration.ts";
import { compileNames, lowerCased } from "./known-names.ts";
import type { WrittenAnswerRule } from "./written-route.ts";
import type { strippableFields } from "./written-origin.ts";

/** The parts of an answer that rules examine. */
export interface AnswerHead {
  readonly status: number;
  readonly fields: Fields;
}

/** A compiled rule. */
export interface AnswerRule {
  /** Returns whether all conditions hold. */
  readonly fits: (head: AnswerHead) => boolean;
  /** The fields of `when.header`, in lower case. */
  readonly reads: readonly string[];
  /** Whether the rule names statuses. Otherwise its `fresh` is not for errors and most redirects. */
  readonly namesStatus: boolean;
  readonly freshSeconds: number | undefined;
  readonly tags: readonly string[];
  readonly isStored: boolean;
  readonly strip: readonly (typeof strippableFields)[number][];
}

/** The rules that fit an answer, and the lifetime from the last of them that gives one. */
export interface RuleMatch {
  /** Positions in the route's `answer`, from 0, as configured at the time of the answer. */
  readonly rules: readonly number[];
  readonly freshSeconds?: number | undefined;
}

/** Compiles rules that the schema has accepted. */
export function compileAnswerRules(
  written: readonly WrittenAnswerRule[] | undefined,
): readonly AnswerRule[] {
  return (written ?? []).map(({ when, fresh, tags = [], store = true, strip = [] }) => ({
    fits: compileConditions(when),
    reads: lowerCased(Object.keys(when.header ?? {})),
    namesStatus: when.status !== undefined,
    freshSeconds: durationSeconds(fresh),
    tags,
    isStored: store,
    strip,
  }));
}

/** Returns the rules that fit an answer, all of which act; `undefined` if none fits. */
export function matchOf(head: AnswerHead, rules: readonly AnswerRule[]): RuleMatch | undefined {
  const fitting = rules.flatMap((rule, nth) => (rule.fits(head) ? nth : []));
  if (fitting.length === 0) return undefined;
  const isNeutral = !isErrorStatus(head.status) && heuristicallyCacheableStatuses.has(head.status);
  const seconds = fitting.flatMap((nth) => {
    const { freshSeconds, namesStatus } = rules[nth] ?? {};
    return freshSeconds !== undefined && (namesStatus || isNeutral) ? freshSeconds : [];
  });
  return { rules: fitting, freshSeconds: seconds.at(-1) };
}

/** Returns the matching rules, from the same list as the match. */
export function rulesIn(
  ruleMatch: RuleMatch | undefined,
  rules: readonly AnswerRule[],
): readonly AnswerRule[] {
  return ruleMatch?.rules.flatMap((nth) => rules[nth] ?? []) ?? [];
}

function compileConditions(when: WrittenAnswerRule["when"]): AnswerRule["fits"] {
  const { status, type, header = {}, contentLength: bytes } = when;
  const statuses = status === undefined ? [] : [status].flat();
  const isType = type === undefined ? undefined : compileNames(lowerCased([type].flat()));
  const values = Object.entries(header).map(([name, value]) => ({
    name,
    isValue: value === true ? () => true : compileNames([value].flat()),
  }));
  return ({ status: given, fields }) => {
    if (statuses.length > 0 && !statuses.some((one) => isStatus(one, given))) return false;
    if (isType !== undefined && !isType(responseMediaTypes(fields).at(-1) ?? "")) return false;
    if (bytes !== undefined) {
      const length = contentLength(fields);
      const { min = 0, max = Infinity } = bytes;
      if (length === null || length < min || length > max) return false;
    }
    return values.every(({ name, isValue }) => {
      const value = fields.get(name);
      return value !== null && isValue(value);
    });
  };
}

const isStatus = (written: number | string, status: number): boolean =>
  typeof written === "number" ? written === status : written.startsWith(`${status}`.slice(0, 1));
