// Detects values that structured JSON would change: instances of classes, and objects with members
// that it does not write.
import { nodeGlobals } from "./node-globals.ts";

/** Tags of `Object.prototype.toString` for the objects that decoding restores. */
const restoredTag =
  /^(?:Object|Array|Date|Map|Set|RegExp|URL|URLSearchParams|ArrayBuffer|DataView|Number|String|Boolean|BigInt|\w+Array|Temporal\.\w+)$/;

/**
 * The last own key of a built-in object, by tag, if no members were added to it. Objects with other
 * tags have no own keys. Views of bytes are an exception.
 */
const lastKeys: Readonly<Record<string, string>> = {
  Array: "length",
  String: "length",
  RegExp: "lastIndex",
};

const nameCharsMax = 64;

const { Buffer: bufferClass } = nodeGlobals;

/** Returns a copy of the bytes of a Node `Buffer`; `undefined` for any other value. */
export function bytesOfBuffer(value: unknown): ArrayBuffer | undefined {
  if (bufferClass === undefined || !ArrayBuffer.isView(value)) return undefined;
  const isBuffer = Object.getPrototypeOf(value) === bufferClass.prototype;
  return isBuffer ? new Uint8Array(value as Uint8Array).buffer : undefined;
}

/**
 * Returns a `Buffer` of the bytes.
 *
 * @throws TypeError if the runtime has no `Buffer`
 */
export function bufferOf(bytes: ArrayBuffer): Uint8Array {
  if (bufferClass === undefined) throw new TypeError("This runtime has no Buffer.");
  return bufferClass.from(bytes);
}

/**
 * Returns the tag of an object that decoding may restore; otherwise `""`. Does not examine the
 * members of plain objects.
 */
export function restoredTagOf(value: object): string {
  const tag = tagOf(value);
  const isSure = tag === "Object" || whyChanged(value, tag) === undefined;
  return isSure ? tag : "";
}

/**
 * Explains why decoding would not restore an object. Does not examine the values of its members.
 *
 * @returns a predicate such as `is a Decimal`; `undefined` if decoding restores the object
 */
export function whyChanged(value: object, tag = tagOf(value)): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = prototype === Object.prototype || prototype === null;
  if (!restoredTag.test(tag) || !(isPlain ? tag === "Object" : isBuiltIn(prototype, tag))) {
    return `is ${withArticle(nameOfClass(prototype) ?? tag)}`;
  }
  if (tag === "Object") return whyMembersChange(value);
  // The keys of a view are its indices. Listing them takes longer than encoding the bytes.
  if (ArrayBuffer.isView(value)) return undefined;
  const last = Reflect.ownKeys(value).at(-1);
  if (last !== lastKeys[tag]) return "has a member of its own";
  const isInUse = tag === "RegExp" && (value as RegExp).lastIndex !== 0;
  return isInUse ? "has a lastIndex other than 0" : undefined;
}

function whyMembersChange(value: object): string | undefined {
  const keys = Reflect.ownKeys(value);
  if (keys.includes("__proto__")) return "has a member __proto__";
  if (keys.length === Object.keys(value).length) return undefined;
  const isSymbol = keys.some((key) => typeof key === "symbol");
  return isSymbol ? "has a member whose key is a symbol" : "has a member that is not enumerable";
}

/**
 * Returns a copy from whose JSON text `JSON.parse` restores exactly this value: a tree of plain
 * objects, arrays without holes, strings, booleans, `null`, and finite numbers other than -0. Reads
 * each member once, because a getter or a proxy may return something else the next time.
 *
 * @returns `undefined` for any other value
 */
export function plainJsonOf(value: unknown): unknown {
  const changesText = "toJSON" in Object.prototype || "toJSON" in Array.prototype;
  if (changesText) return undefined;
  return isPlainLeaf(value) ? value : plainTreeOf(value, new Set());
}

function plainTreeOf(value: unknown, seen: Set<object>): object | undefined {
  if (typeof value !== "object" || value === null || seen.has(value)) return undefined;
  seen.add(value);
  // Two short lists cost a third of `Reflect.ownKeys`.
  const symbolCount = Object.getOwnPropertySymbols(value).length;
  const ownKeyCount = Object.getOwnPropertyNames(value).length + symbolCount;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (Array.isArray(value)) {
    // Count before copying: a copy of an array with holes may not fit into memory.
    if (prototype !== Array.prototype || ownKeyCount !== value.length + 1) return undefined;
    const items: unknown[] = value.slice();
    for (let at = 0; at < items.length; at += 1) if (!fillIn(items, at, seen)) return undefined;
    return items;
  }
  if (prototype !== Object.prototype || objectText(value) !== "[object Object]") {
    return undefined;
  }
  const members: Record<string, unknown> = { ...value };
  let count = 0;
  // A member that the application has added to all objects is counted as well.
  for (const key in members) {
    count += 1;
    if (key === "__proto__" || !fillIn(members, key, seen)) return undefined;
  }
  return count === ownKeyCount ? members : undefined;
}

/** Replaces a nested tree by a copy. Returns whether the member is plain. */
function fillIn<Key extends string | number>(
  copy: Record<Key, unknown>,
  key: Key,
  seen: Set<object>,
): boolean {
  const member = copy[key];
  if (isPlainLeaf(member)) return true;
  const tree = plainTreeOf(member, seen);
  if (tree === undefined) return false;
  copy[key] = tree;
  return true;
}

function isPlainLeaf(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0);
  return typeof value === "string" || typeof value === "boolean" || value === null;
}

const objectText = (value: object): string => Object.prototype.toString.call(value);

function tagOf(value: object): string {
  return objectText(value).slice(8, -1);
}

const builtIns = new WeakMap<object, string>();

/**
 * Returns whether a prototype is a runtime's own. Accepts prototypes of frozen values, which have
 * no constructor of their own, and those of other realms.
 */
function isBuiltIn(prototype: unknown, tag: string): boolean {
  if (typeof prototype !== "object" || prototype === null) return false;
  let name = builtIns.get(prototype);
  if (name === undefined) {
    name = nameOfBuiltIn(prototype);
    builtIns.set(prototype, name);
  }
  return name !== "" && name === tag.split(".").at(-1);
}

/** Returns the name of a built-in class; `""` for the prototype of a class of the application. */
function nameOfBuiltIn(prototype: object): string {
  const isOwn = Object.hasOwn(prototype, "constructor");
  const of = isOwn ? prototype : (Object.getPrototypeOf(prototype) as object | null);
  const constructed: unknown = of?.constructor;
  // A bound function is also native, but has no prototype.
  if (typeof constructed !== "function" || constructed.prototype !== of) return "";
  const { name } = constructed;
  // An object that inherits from a plain one would lose the inherited members.
  if (!isOwn && name === "Object") return "";
  const isGlobal = (globalThis as Record<string, unknown>)[name] === constructed;
  const isNative = Function.prototype.toString.call(constructed).includes("[native code]");
  return isGlobal || isNative ? name : "";
}

function nameOfClass(prototype: unknown): string | undefined {
  if (typeof prototype !== "object" || prototype === null) return undefined;
  const constructed: unknown = (prototype as { readonly constructor?: unknown }).constructor;
  const name: unknown = typeof constructed === "function" ? constructed.name : undefined;
  if (typeof name !== "string" || name === "Object" || name === "") return "instance of a class";
  return name.slice(0, nameCharsMax);
}

function withArticle(noun: string): string {
  return /^[aeiou]/i.test(noun) ? `an ${noun}` : `a ${noun}`;
}
