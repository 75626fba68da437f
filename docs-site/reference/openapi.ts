// Describes the operator's routes in OpenAPI 3.1, from the schemas of src/protocol/.
import { toJsonSchema } from "@valibot/to-json-schema";
import type { GenericSchema } from "valibot";
import { type AnswerName, answers, errorAnswer } from "../../src/protocol/answers.ts";
import { outwardOrder, switchOrder, warmOrder } from "../../src/protocol/operator-orders.ts";
import { challengeField } from "../../src/protocol/operator-token.ts";
import { purgeOrderSchema } from "../../src/protocol/purge-order.ts";
import { version } from "../../src/version.ts";

const purgeOrder = purgeOrderSchema as GenericSchema;
const orders = { purgeOrder, switchOrder, outwardOrder, warmOrder };

interface Parameter {
  readonly description: string;
  readonly required?: boolean;
  /** By default, a string. */
  readonly schema?: object;
}

/** The operator's routes, which the page of the routes shows as well. */
export interface Operation {
  readonly summary: string;
  /** The page with the details. */
  readonly page: string;
  readonly answers?: readonly AnswerName[];
  /** Answers other than 200, by status. */
  readonly refusals?: Readonly<Record<number, string>>;
  /** The media type of the answer as text, beside JSON. */
  readonly text?: string;
  /** The body of the request. */
  readonly order?: keyof typeof orders;
  /** The parameters of the query. */
  readonly query?: Readonly<Record<string, Parameter>>;
  /** The credentials that suffice. `open`: none is needed. */
  readonly by?: "operator" | "purger" | "challenge" | "sender" | "open";
}

const oneOf = (...names: string[]) => ({ type: "string", enum: names });
const entries = { type: "integer", minimum: 1, maximum: 128 };
const prometheus = "text/plain; version=0.0.4; charset=utf-8";
const purges = { page: "purge-api" };
const refusals = {
  400: "The request is invalid.",
  401: "The token is missing or wrong.",
  403: "The token is that of the dashboard, which only reads: docs/monitoring.md#the-dashboard.",
  408: "The body did not arrive within 10 s.",
  413: "The body is larger than 64 KiB.",
};

/** The operations by method and path. */
export const operations: Readonly<Record<string, Operation>> = {
  "post /purge": {
    ...purges,
    summary: "Purges responses, or counts what a purge would cover.",
    order: "purgeOrder",
    answers: ["purge", "dryRun"],
    refusals: {
      ...refusals,
      400: "The request is not a valid purge, all names are invalid, or a dry run needs `operate()` (`no-operate`).",
      401: "The token or signature is missing or wrong, or the signature's timestamp is wrong by over 5 minutes.",
      409: "The id belongs to a purge with another body; that of a signed dry run, to another dry run.",
      503: "The journal did not confirm the purge, the deployment has no journal, or its secret or token is missing or not usable (`not-usable`, docs/secrets.md#weak-secrets). Repeat the purge with the same id.",
    },
    by: "purger",
  },
  "post /hooks/{name}": {
    summary: "Receives a webhook, whose sender decides its form and signature.",
    page: "webhooks",
    by: "sender",
  },
  "get /journal": {
    ...purges,
    summary: "Lists accepted purges.",
    query: {
      after: { description: "Only entries after this position." },
      count: { description: "The number of entries, by default 100.", schema: entries },
      last: {
        description: "The number of newest entries, without after and count.",
        schema: entries,
      },
    },
    answers: ["journal"],
  },
  "get /switch": {
    ...purges,
    summary: "Shows which routes bypass the cache.",
    answers: ["switch"],
  },
  "post /switch": {
    ...purges,
    summary: "Lets all or some routes bypass the cache.",
    order: "switchOrder",
    answers: ["switch"],
    refusals: {
      ...refusals,
      409: "Another post came at the same time, and this post changed nothing. Read the state, and post again if necessary.",
      503: "The journal did not confirm the post, but the post may have taken effect. Read the state.",
    },
  },
  "get /health": {
    summary: "Shows problems of the site. Without a token, only the status.",
    page: "health",
    answers: ["healthOrStatus"],
    by: "open",
  },
  "get /stats": {
    summary: "Shows counts and contents of the isolate that answers.",
    page: "monitoring",
    answers: ["stats"],
  },
  "get /metrics": {
    summary: "Shows the metrics of all isolates.",
    page: "monitoring",
    query: {
      format: { description: "By default prometheus.", schema: oneOf("prometheus", "json") },
    },
    answers: ["metrics"],
    text: prometheus,
  },
  "get /explain": {
    summary: "Predicts the answer to a request, with the reasons.",
    page: "explain",
    query: {
      url: { description: "The URL of the request, or a path.", required: true },
      method: { description: "The method of the request, by default GET." },
      header: {
        description: "Fields of the request, such as Cookie: a=1.",
        schema: { type: "array", items: { type: "string" } },
      },
    },
    answers: ["explain"],
  },
  "post /warm": {
    summary: "Loads pages and data into the cache.",
    page: "warming",
    order: "warmOrder",
    answers: ["warm"],
  },
  "get /outward": {
    summary: "Shows the targets of outward purges.",
    page: "outward",
    answers: ["outward"],
  },
  "post /outward": {
    summary: "Delivers purges to a target, or purges everything there.",
    page: "outward",
    order: "outwardOrder",
    answers: ["outward"],
  },
  "get /proof": {
    summary: "Proves to a client with ADMIN_TOKEN that the site has it, too.",
    page: "secrets",
    answers: ["proof"],
    by: "challenge",
  },
};

const securityOf = {
  operator: [{ operator: [] }],
  purger: [{ operator: [] }, { purger: [] }],
  challenge: [{ challenge: [] }],
  // The sender of a hook decides how it signs, which OpenAPI cannot describe.
  sender: [],
  open: [{}, { operator: [] }],
} as const;

const securitySchemes = {
  operator: {
    type: "http",
    scheme: "bearer",
    description: "ADMIN_TOKEN, or a token derived from it.",
  },
  purger: {
    type: "apiKey",
    in: "header",
    name: "webhook-signature",
    description:
      "A signature with PURGE_SECRET, by Standard Webhooks, beside webhook-id and webhook-timestamp.",
  },
  challenge: {
    type: "apiKey",
    in: "header",
    name: challengeField,
    description: "A challenge that is signed with ADMIN_TOKEN.",
  },
};

/** Returns the document. */
export function openApi() {
  const paths: Record<string, Record<string, object>> = {};
  const schemas: Record<string, object> = { error: schemaOf(errorAnswer) };
  for (const [name, schema] of Object.entries(orders)) schemas[name] = schemaOf(schema, true);
  for (const [name, operation] of Object.entries(operations)) {
    const [method = "", path = ""] = name.split(" ");
    for (const one of operation.answers ?? []) schemas[one] = schemaOf(answers[one]);
    paths[path] = { ...paths[path], [method]: described(operation, method, path) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Tidemark",
      version,
      description: "The operator's routes of a site behind Tidemark.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [
      {
        url: "https://{host}{operatorPath}",
        variables: {
          host: { default: "www.example.com" },
          operatorPath: { default: "/_cache" },
        },
      },
    ],
    paths,
    components: { schemas, securitySchemes },
  };
}

function described(operation: Operation, method: string, path: string): object {
  const { summary, page, order, by = "operator", query = {}, refusals: others = {} } = operation;
  const ofPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const ofQuery = Object.entries(query).map(([name, parameter]) =>
    Object.assign({ name, in: "query", schema: { type: "string" } }, parameter),
  );
  return {
    operationId: [method, ...(path.match(/\w+/g) ?? [])].join("-"),
    summary,
    externalDocs: { url: `${page}.md` },
    security: securityOf[by],
    parameters: [...ofPath, ...ofQuery],
    ...(order !== undefined && { requestBody: { required: true, content: jsonOf(refTo(order)) } }),
    responses: {
      200: { description: "Done.", content: contentOf(operation) },
      ...Object.fromEntries(
        Object.entries(others).map(([status, description]) => [
          status,
          { description, content: jsonOf(refTo("error")) },
        ]),
      ),
      default: { description: "Refused.", content: jsonOf(refTo("error")) },
    },
  };
}

function contentOf({ answers: names = [], text }: Operation): object {
  const [first, ...others] = names.map(refTo);
  if (first === undefined) return jsonOf({ type: "object" });
  const schema = others.length === 0 ? first : { oneOf: [first, ...others] };
  return {
    ...jsonOf(schema),
    ...(text !== undefined && { [text]: { schema: { type: "string" } } }),
  };
}

const jsonOf = (schema: object) => ({ "application/json": { schema } });
const refTo = (name: string) => ({ $ref: `#/components/schemas/${name}` });

/** The checks of schemas in src/base/schemas.ts that the converter cannot read, with their types. */
const typeOf: ReadonlyMap<unknown, "number" | "integer"> = new Map([
  [Number.isFinite as unknown, "number" as const],
  [Number.isSafeInteger, "integer"],
]);

/** @param isOrder whether objects allow no other members, as in the orders of an operator */
function schemaOf(schema: GenericSchema, isOrder = false): object {
  const { $schema: _, ...converted } = toJsonSchema(schema, {
    target: "draft-2020-12",
    // The output of a pipe has its last schema, as that of `record`.
    typeMode: "output",
    ignoreActions: ["raw_check", "check"],
    overrideSchema: ({ valibotSchema, jsonSchema }) => {
      if (isOrder && valibotSchema.type === "object") {
        return { ...jsonSchema, additionalProperties: false };
      }
      const type = "check" in valibotSchema ? typeOf.get(valibotSchema.check) : undefined;
      return type === undefined ? undefined : { ...jsonSchema, type };
    },
  });
  return converted;
}
