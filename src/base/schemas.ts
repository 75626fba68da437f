// Schemas that refuse values which those of Valibot accept or drop: infinite numbers, lists as
// objects, and some names of members.
import * as v from "valibot";

type Message = v.ErrorMessage<v.BaseIssue<unknown>>;

/** A number that is neither infinite nor NaN. */
export const finite = (message?: Message) => v.custom<number>(Number.isFinite, message);

/** A safe integer. */
export const whole = (message?: Message) => v.custom<number>(Number.isSafeInteger, message);

/**
 * Makes the schema of an object with these fields only. A missing field has the error of its own
 * schema. Unknown fields are one error of the object, and it is then still checked as a whole.
 *
 * @param unknown returns the error for unknown fields
 * @param mistake the error for other values
 */
export function strictObject<Entries extends v.ObjectEntries>(
  entries: Entries,
  unknown: (names: readonly string[]) => string = unknownFields,
  mistake = "must be an object",
) {
  const schema = v.object(entries, ({ path }) => {
    const missing = path && entries[path[0].key as string];
    return (missing && v.safeParse(missing, undefined).issues?.[0].message) ?? mistake;
  });
  const unknownIn = (value: object) =>
    Object.keys(value).filter((name) => !Object.hasOwn(entries, name));
  const strictness = v.check<object, v.ErrorMessage<v.CheckIssue<object>>>(
    () => false,
    ({ input }) => unknown(unknownIn(input)),
  );
  const run: (typeof schema)["~run"] = ({ value }, config) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return schema["~run"]({ value: undefined }, config);
    }
    const checked = schema["~run"]({ value }, config);
    if (unknownIn(value).length === 0) return checked;
    const { issues } = strictness["~run"]({ ...checked, typed: true, value }, config);
    return issues ? { ...checked, issues } : checked;
  };
  return { ...schema, "~run": run };
}

const unknownFields = (names: readonly string[]) =>
  `has ${names.map((name) => JSON.stringify(name.slice(0, 80))).join(", ")}, which is not a field of it`;

/** Names that `v.record` drops without an error. */
const droppedNames = ["__proto__", "constructor", "prototype"];

/** Makes the schema of a plain object whose names are data. */
export const record = <
  Name extends v.GenericSchema<string>,
  Value extends v.GenericSchema<unknown, unknown>,
>(
  name: Name,
  value: Value,
  message?: string,
) =>
  v.pipe(
    v.custom<Record<string, v.InferInput<Value>>>(isPlain, message),
    v.rawCheck(({ dataset, addIssue }) => {
      const dropped = droppedNames.find((one) => Object.hasOwn(Object(dataset.value), one));
      if (dropped !== undefined) addIssue({ message: `may not name "${dropped}"` });
    }),
    v.record(name, value),
  );

/** Returns whether a value is an object whose prototype is `Object.prototype` or `null`. */
export function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Returns a step of the path of an issue. */
export const stepTo = (key: string | number): v.IssuePathItem => ({
  type: "unknown",
  origin: "value",
  input: undefined,
  key,
  value: undefined,
});

/** Returns the names and indexes that lead to an issue. */
export function pathOf({ path }: v.BaseIssue<unknown>): unknown[] {
  return path?.map(({ key }) => key) ?? [];
}

/** Returns the data that a schema accepts; `undefined` for any other. Never throws. */
export function dataIn<Schema extends v.GenericSchema>(
  schema: Schema,
  data: unknown,
): v.InferOutput<Schema> | undefined {
  const { success, output } = v.safeParse(schema, data);
  return success ? output : undefined;
}
