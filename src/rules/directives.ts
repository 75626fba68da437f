// Splits the text of Cache-Control into directives: tokens, quoted strings, empty members
// (RFC 9111 §5.2, RFC 9110 §5.6.1, §5.6.4).

export interface Directive {
  /** Lower case (RFC 9111 §5.2: names are case-insensitive). */
  readonly name: string;
  /** The argument with its quotes and escapes taken off; `undefined` when there is none. */
  readonly argument: string | undefined;
}

export interface WrittenDirective extends Directive {
  /** As it stood in the field, so that what is left can be written back unchanged. */
  readonly text: string;
}

const directivePattern = /(?:[^",]|"(?:[^"\\]|\\[^])*"?)+/g;
/** RFC 9110 §5.6.2; names of fields and of directives are tokens. */
export const tokenPattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Read even out of a malformed member: to overlook one of these could show what must not be shown. */
const restricting: ReadonlySet<string> = new Set([
  "no-store",
  "no-cache",
  "private",
  "must-revalidate",
  "proxy-revalidate",
  "max-age",
  "s-maxage",
]);

/**
 * @param text a field's combined value; `null` for a field that is absent
 * @returns directives in order, repeats included. A member whose name is not a token is left out,
 *   unless it begins with a directive that restricts, as in `no-store; no-cache` or `private =x`;
 *   that then has no argument. So is what an unclosed quote has swallowed. Never throws.
 */
export function parseDirectives(text: string | null): WrittenDirective[] {
  const directives: WrittenDirective[] = [];
  for (const trimmed of membersOf(text)) {
    const equalsAt = trimmed.indexOf("=");
    const name = (equalsAt < 0 ? trimmed : trimmed.slice(0, equalsAt)).toLowerCase();
    if (tokenPattern.test(name)) {
      const argument = equalsAt < 0 ? undefined : unquote(trimmed.slice(equalsAt + 1));
      directives.push({ name, argument, text: trimmed });
    } else {
      directives.push(...restrictingFirst(trimmed));
    }
    if (isUnclosed(trimmed)) {
      directives.push(...trimmed.split(/[",]/).slice(1).flatMap(restrictingFirst));
    }
  }
  return directives;
}

/** The members between commas outside of quoted strings, trimmed; some may be empty. */
export function membersOf(text: string | null): string[] {
  return [...(text ?? "").matchAll(directivePattern)].map(([member]) => member.trim());
}

function restrictingFirst(malformed: string): WrittenDirective[] {
  const text = malformed.trim();
  const [name = ""] = /^[\w-]*/.exec(text.toLowerCase()) ?? [];
  return restricting.has(name) ? [{ name, argument: undefined, text }] : [];
}

/** Only the last member can be: an unclosed quote takes all that follows. */
function isUnclosed(member: string): boolean {
  return member.replaceAll(/\\[^]/g, "").split('"').length % 2 === 0;
}

function unquote(argument: string): string {
  if (!argument.startsWith('"')) return argument;
  const closed = argument.length > 1 && argument.endsWith('"');
  return argument.slice(1, closed ? -1 : undefined).replaceAll(/\\([^])/g, "$1");
}
