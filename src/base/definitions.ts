// Named definitions of an application, such as namespaces. Each name has one definition, and the
// number of names is limited.
import { OperatorError } from "./operator-error.ts";

/** The maximum number of names. Each name costs memory for as long as the isolate lives. */
const namesMax = 1_000;

/** The words of error messages. */
export interface DefinitionWords {
  /** The kind of the defined thing, such as `namespace`. */
  readonly kind: string;
  /** The thing that already has the name, such as `this namespace`. */
  readonly taken: string;
  /** The things that the limit counts, in the plural. */
  readonly all: string;
  /** The end of the hint's sentence: an example of a key that contains the varying part. */
  readonly keys: string;
}

/** An option's name, and its value in a form that `===` compares. */
export type ComparedOptions = ReadonlyMap<string, unknown>;

/** @typeParam T the type that a definition creates */
export class Definitions<T> {
  readonly #byName = new Map<string, { readonly options: ComparedOptions; readonly made: T }>();

  /**
   * Returns the value that the first definition of the name created. Calls `make` for the first
   * definition.
   *
   * @throws OperatorError for other options than before, and for too many names
   */
  open(name: string, options: ComparedOptions, make: () => T, words: DefinitionWords): T {
    const before = this.#byName.get(name);
    if (before === undefined) {
      if (this.#byName.size >= namesMax) throw tooMany(name, words);
      const made = make();
      this.#byName.set(name, { options, made });
      return made;
    }
    const names = [...options.keys()].filter((of) => options.get(of) !== before.options.get(of));
    if (names.length > 0) throw otherOptions(name, names, words);
    return before.made;
  }
}

function otherOptions(
  name: string,
  names: readonly string[],
  { kind, taken }: DefinitionWords,
): OperatorError {
  return new OperatorError({
    what: `The ${kind} ${JSON.stringify(name)} cannot be created.`,
    why: `The cache already has ${taken} with other options: ${names.join(", ")} differ.`,
    hint: `Define each ${kind} once, in a module, and import it; or choose another name.`,
  });
}

function tooMany(name: string, { kind, all, keys }: DefinitionWords): OperatorError {
  return new OperatorError({
    what: `The ${kind} ${JSON.stringify(name)} cannot be created.`,
    why: `The cache already has ${namesMax} ${all}, which is the limit, because they stay in memory.`,
    hint: `Put the part that varies into keys, such as ${keys}`,
  });
}
