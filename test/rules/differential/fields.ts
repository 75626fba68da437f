// The header fields of a generated exchange, which are the same for both sides.
import { controlText, listText } from "../../../testing/examples/generated-fields.ts";
import type { Exchange, SelectingFields } from "./exchange.ts";

type Lines = Readonly<Record<string, string | undefined>>;

function fieldsWith(lines: Lines): Headers {
  const fields = new Headers();
  for (const [name, value] of Object.entries(lines)) {
    if (value !== undefined) fields.set(name, value);
  }
  return fields;
}

function selectingLines(given: SelectingFields): Lines {
  const lines = Object.entries(given).map(([name, value]) => [name, value && listText(value)]);
  return Object.fromEntries(lines) as Lines;
}

/** Returns a function that builds the fields of an exchange once: each aspect needs them. */
function once<T>(build: (exchange: Exchange) => T): (exchange: Exchange) => T {
  const built = new WeakMap<Exchange, { fields: T }>();
  return (exchange) => {
    const before = built.get(exchange);
    if (before !== undefined) return before.fields;
    const fields = build(exchange);
    built.set(exchange, { fields });
    return fields;
  };
}

export const fieldsIn = {
  request: once(({ request }: Exchange): Headers =>
    fieldsWith({
      "cache-control": request.control && controlText(request.control),
      authorization: request.authorization,
    }),
  ),

  response: once(({ response }: Exchange): Headers =>
    fieldsWith({
      "cache-control": response.control && controlText(response.control),
      expires: response.expires === "" ? "" : response.expires?.text,
      date: response.date?.text,
      "last-modified": response.lastModified?.text,
      age: response.age,
      pragma: response.pragma,
      vary: response.vary?.join(", "),
      etag: response.etag,
      "set-cookie": response.hasCookie ? "a=b" : undefined,
    }),
  ),

  asks: once(({ asks }: Exchange): Headers =>
    fieldsWith({
      "cache-control": asks.control && controlText(asks.control),
      pragma: asks.pragma,
      "if-none-match": asks.ifNoneMatch,
      "if-modified-since": asks.ifModifiedSince?.text,
    }),
  ),

  vary: once(({ response }: Exchange): Headers => fieldsWith({ vary: response.vary?.join(", ") })),

  selecting: once(({ selecting }: Exchange): { stored: Headers; asked: Headers } => ({
    stored: fieldsWith(selectingLines(selecting.stored)),
    asked: fieldsWith(selectingLines(selecting.asked)),
  })),

  notModified: once(({ notModified }: Exchange): Headers =>
    fieldsWith({
      etag: notModified.etag,
      "last-modified": notModified.lastModified?.text,
    }),
  ),
};
