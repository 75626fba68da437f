// Normal forms of the fields by which clients negotiate: few values that are keyed, and that the origin gets.
import { BoundedMap } from "../base/bounded-map.ts";
import type { Fields } from "../rules/fields.ts";
import { compileLanguages, preferredType } from "../rules/negotiation.ts";

/**
 * Returns the value of a field for the origin; `null` to withhold the field. The form of a form is the form
 * itself, because Tidemark's own requests have only forms.
 */
export type NormalForm = (client: Fields) => string | null;

/** Normal forms by the name of their field, in lower case. */
type NormalForms = ReadonlyMap<string, NormalForm>;

/** The result of `device()` of `tidemark/device`. */
export interface Device {
  /** The normal forms of `X-Device`, and of the fields from which it is derived. */
  readonly deviceForms: NormalForms;
}

/** The field that has the class of the client's device. */
export const deviceName = "x-device";

/** Returns whether a value is a device detector. */
export function isDevice(value: unknown): value is Device {
  return typeof value === "object" && value !== null && "deviceForms" in value;
}

/** The longest part of a field that is read. Browsers send less. */
const readCharactersMax = 512;

/** Clients choose values, so the memoized results of one form have a limit in bytes. */
const keptBytesMax = 65_536;

/**
 * Returns a function that reads at most 512 characters of a field, and memoizes its results.
 *
 * @param sizeMax the limit of the memoized results, in bytes
 */
export function memoized(read: (text: string) => string, sizeMax = keptBytesMax) {
  const sizeOf = (_: string, text: string) => 128 + 2 * text.length;
  const kept = new BoundedMap<string>({ sizeMax, sizeOf, trialShare: 0.1 });
  return (field: string | null): string => {
    // A part of a longer text would keep the whole text in memory.
    if (field !== null && field.length > readCharactersMax) {
      return read(field.slice(0, readCharactersMax));
    }
    const text = field ?? "";
    const before = kept.get(text);
    if (before !== undefined) return before;
    const value = read(text);
    kept.set(text, value);
    return value;
  };
}

/** Image types that every browser reads. */
const oldImages = ["image/jpeg", "image/png", "image/gif", "image/svg+xml"];

/**
 * Returns the form of `Accept`. Without a preferred type, it names other images, because an origin may answer
 * `*` `/*` with any type. For types that are not all images, it is `*` `/*`.
 */
function formOfAccept(types: readonly string[]): NormalForm {
  const isOfImages = types.every((type) => type.startsWith("image/"));
  const others = oldImages.filter((type) => isOfImages && !types.includes(type));
  const other = others.join(",") || "*/*";
  const formOf = memoized((text) => {
    const type = preferredType(text, types);
    return type === undefined ? other : `${type},*/*;q=0.5`;
  });
  return (client) => formOf(client.get("accept"));
}

/** The members of `WrittenKey` that reduce fields. */
interface Reducers {
  readonly language?: readonly string[] | undefined;
  readonly accept?: readonly string[] | undefined;
  readonly device?: Device | undefined;
}

/** Returns the normal forms of a route; `undefined` for none. */
export function normalFormsOf({ language, accept, device }: Reducers): NormalForms | undefined {
  if ((language ?? accept ?? device) === undefined) return undefined;
  const forms = new Map<string, NormalForm>(device?.deviceForms);
  if (language !== undefined) {
    const formOf = memoized(compileLanguages(language));
    forms.set("accept-language", (client) => formOf(client.get("accept-language")));
  }
  if (accept !== undefined) {
    forms.set("accept", formOfAccept(accept.map((type) => type.toLowerCase())));
  }
  return forms;
}

/** Returns the names of the fields by which a client decides the keyed forms. */
export function decidingFields(forms: NormalForms | undefined): readonly string[] {
  const ofDevice = forms?.has(deviceName) === true ? ["sec-ch-ua-mobile", "user-agent"] : [];
  return [...keyedForms(forms), ...ofDevice];
}

/** Returns the names of the fields whose forms are keyed. The forms of other fields derive from these. */
export function keyedForms(forms: NormalForms | undefined): readonly string[] {
  return ["accept", "accept-language", deviceName].filter((name) => forms?.has(name));
}
