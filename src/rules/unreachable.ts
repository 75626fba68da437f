// The end of an exhaustive switch: does not compile while a member is unhandled, throws if one is.

export function unreachable(value: never): never {
  throw new Error(`A case was not handled: ${JSON.stringify(value)}.`);
}
