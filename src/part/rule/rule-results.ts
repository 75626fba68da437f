// Checks the results of a rule's functions, which a site has written.
import { OperatorError } from "../../base/operator-error.ts";
import { isPlain } from "../../base/schemas.ts";
import { hasMeaning } from "../../pages/stored/build.ts";
import { isWithheld } from "../../pages/request/withheld-fields.ts";
import { makePrivate } from "../../pages/respond/downstream.ts";
import { withFields } from "../../base/with-fields.ts";
import { tokenPattern } from "../../rules/cache-control.ts";
import { ofConnection } from "../../rules/storable.ts";
import {
  type BodyFilter,
  ignorable,
  type LeavingEdits,
  type PhaseLines,
  type PhaseRequest,
} from "../port/phases.ts";
import type { Rule, RuleAdmission } from "./rule.ts";

/** Fields that have a form of their own in requests to an origin. */
const ofTransport =
  /^(?:cookie|authorization|accept-encoding|via|cache-control|pragma|x-forwarded-.*|x-real-ip|cf-.*)$/;

/** Returns whether the field of a request has no meaning for a cache. @param name in lower case */
export const isPlainField = (name: string): boolean =>
  tokenPattern.test(name) &&
  name === name.toLowerCase() &&
  !ofTransport.test(name) &&
  !ofConnection.has(name) &&
  !isWithheld(name);

/** Returns whether a rule may give the origin the field as a constant. @param name in lower case */
export const isConstantField = (name: string): boolean =>
  name === "authorization" || isPlainField(name);

const valueForm = /^[\x21-\x7e](?:[\x20-\x7e]{0,1022}[\x21-\x7e])?$/;
const keyedCharactersMax = 256;

/** @throws TypeError for a value that no field, or no key, can have */
export function checkValue(
  field: string,
  value: unknown,
  charactersMax = keyedCharactersMax,
): void {
  const isFit = typeof value === "string" && value.length <= charactersMax && valueForm.test(value);
  if (!isFit) throw wrongForm(value, `short printable ASCII for the field ${field}`);
}

/**
 * @throws OperatorError for a field that the origin would not get as a constant
 * @throws TypeError for anything else than an object of texts
 */
export function constantsIn(given: Readonly<Record<string, string>>): PhaseLines {
  if (!isPlain(given)) throw wrongForm(given, "an object");
  return Object.entries(given).map(([field, value]) => {
    const name = field.toLowerCase();
    checkValue(name, value, 1_024);
    if (!isConstantField(name)) {
      throw new OperatorError({
        what: "A rule is invalid.",
        why: `forward names ${name}, which Tidemark or the connection sets.`,
        hint: "Use a field of your own, such as x-key.",
      });
    }
    return [name, value];
  });
}

/** The answers with a body that rules have given. */
const answers = new WeakSet<Response>();

/** Returns the error for a second use. A body can be read once, on Workers only in the request that has created it. */
const reuse = (name: string): OperatorError =>
  new OperatorError({
    what: "A rule has failed.",
    why: `The rule ${JSON.stringify(name)} answers two requests with one Response.`,
    hint: "Create the Response inside of admits.",
  });

/**
 * @throws OperatorError for a Response with a body that has answered before
 * @throws TypeError for another result
 */
export function admissionBy(
  { name, checks }: Rule,
  result: RuleAdmission | undefined,
  { method }: PhaseRequest,
) {
  if (result === undefined) return {};
  if (result === "checked" && checks !== undefined) return { checkedBy: name };
  if (result === "stale") return { staleBy: name };
  if (!(result instanceof Response)) throw new TypeError("The result of admits has no meaning.");
  if (answers.has(result)) throw reuse(name);
  if (result.body !== null) answers.add(result);
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
export function isTrue(given: unknown): boolean {
  if (typeof given !== "boolean") throw wrongForm(given, "a boolean");
  return given;
}

/** @throws TypeError for another result than tags */
export function tagsIn(given: ReturnType<NonNullable<Rule["received"]>>): readonly string[] {
  if (given === undefined) return [];
  checkMembers(given, ["tags"]);
  return textsIn(given.tags);
}

/** @throws TypeError for another result than a stream that is not in use */
export function streamIn(given: ReturnType<NonNullable<Rule["filter"]>>): BodyFilter | undefined {
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
export function conditionsIn(given: readonly string[]): readonly string[] {
  const known: readonly string[] = ignorable;
  if (textsIn(given).every((name) => known.includes(name))) return given;
  throw new TypeError("ignores returned another name than those of conditions.");
}

/** @throws TypeError for a field by which caches or clients use the answer */
export function editsIn(edits: ReturnType<NonNullable<Rule["respond"]>>): LeavingEdits | undefined {
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
