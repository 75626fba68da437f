// The types of a pattern's parameters, read from the text of the pattern. `config/route-pattern.ts` has their form.

/** The path of a pattern; `never` for `*`. */
type PathOf<Match extends string> = Match extends `/${string}`
  ? Match
  : Match extends `${string}/${infer Path}`
    ? `/${Path}`
    : never;

/** The name at the beginning of a text. A slash, a dot or the end follows it. */
type NameAt<Text extends string> = Text extends `${infer Segment}/${string}`
  ? NameAt<Segment>
  : Text extends `${infer Name}.${string}`
    ? Name
    : Text;

/** The names in a path, without those after `\:`, which is a colon. */
type NamesIn<Path extends string> = Path extends `${infer Before}:${infer After}`
  ? (Before extends `${string}\\` ? never : NameAt<After>) | NamesIn<After>
  : never;

/** The patterns that lack a name. */
type Without<Match extends string, Name extends string> = Match extends unknown
  ? Name extends NamesIn<PathOf<Match>>
    ? never
    : Match
  : never;

/** A pattern, or a list of patterns. */
export type Patterns = string | readonly string[];

type Each<Match extends Patterns> = Match extends readonly (infer One extends string)[]
  ? One
  : Match extends string
    ? Match
    : never;

/**
 * The decoded values of the `:names` that all of these patterns have, by their names. If the compiler does not know the
 * text of a pattern, each name may have a value.
 */
export type PathParameters<Match extends Patterns = Patterns> =
  string extends Each<Match>
    ? Readonly<Record<string, string>>
    : {
        readonly [
          Name in NamesIn<PathOf<Each<Match>>> as [Without<Each<Match>, Name>] extends [never]
            ? Name
            : never
        ]: string;
      };
