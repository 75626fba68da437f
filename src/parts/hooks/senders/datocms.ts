// The sender for DatoCMS.
import type { WebhookSender } from "../port/hook.ts";
import type { WebhookOrder } from "../port/scheme.ts";
import type { PresetOptions } from "../makers/sender-options.ts";
import {
  itemOrder,
  listAt,
  memberAt,
  bearerSender,
  requiredAt,
  tagsOrder,
  textAt,
} from "./payload.ts";

interface DatocmsEntity {
  readonly id: string;
  readonly type: string;
  readonly attributes?: Readonly<Record<string, unknown>>;
}

export interface DatocmsPayload {
  readonly entity_type: string;
  readonly event_type: string;
  readonly entity: DatocmsEntity;
  readonly previous_entity?: DatocmsEntity;
  /** The model of a record is among them. */
  readonly related_entities?: readonly DatocmsEntity[];
}

/**
 * Makes a sender for DatoCMS's webhooks (https://www.datocms.com/docs/general-concepts/webhooks).
 * DatoCMS signs nothing: the webhook needs a header `Authorization: Bearer <secret>`.
 *
 * The default mapping purges the cache tags of the event "invalidate"; `<model>:<id>`,
 * `<model>:<slug>` and `<model>` for records; `upload:<id>` and `upload`; and everything when a
 * model changes, an environment is promoted, or a build succeeds. Ignores drafts that were never
 * published, and all other events.
 */
export function datocms(options: PresetOptions<DatocmsPayload> = {}): WebhookSender {
  return bearerSender(options, changed);
}

const wholeSite = ["environment.promote", "build_trigger.deploy_succeeded"];

function changed(payload: DatocmsPayload): WebhookOrder | undefined {
  const kind = textAt(payload, "entity_type") ?? "";
  const event = textAt(payload, "event_type") ?? "";
  if (kind === "item") return ofRecord(payload, event);
  if (kind === "upload") return itemOrder("upload", [requiredAt(payload, "entity.id")]);
  if (kind === "cda_cache_tags") {
    const tags = listAt(payload, "entity.attributes.tags") ?? [];
    return tags.length === 0 ? { everything: true } : tagsOrder(tags);
  }
  const isWhole = kind === "item_type" || wholeSite.includes(`${kind}.${event}`);
  return isWhole ? { everything: true } : undefined;
}

function ofRecord(payload: DatocmsPayload, event: string): WebhookOrder | undefined {
  const isDraft = textAt(payload, "entity.meta.status") === "draft";
  if (isDraft && ["create", "update"].includes(event)) return undefined;
  const related = memberAt(payload, "related_entities");
  const modelId = textAt(payload, "entity.relationships.item_type.data.id");
  const model = (Array.isArray(related) ? (related as unknown[]) : []).find(
    (one) => textAt(one, "type") === "item_type" && textAt(one, "id") === modelId,
  );
  const name = requiredAt({ related_entities: model }, "related_entities.attributes.api_key");
  const slugs = ["entity", "previous_entity"].flatMap((version) => slugsOf(payload, version));
  return itemOrder(name, [requiredAt(payload, "entity.id"), ...slugs]);
}

/** Returns the slug of a record, or that of each language. */
function slugsOf(payload: DatocmsPayload, version: string): (string | undefined)[] {
  const path = `${version}.attributes.slug`;
  const slug = memberAt(payload, path);
  if (typeof slug !== "object" || slug === null) return [textAt(payload, path)];
  return Object.values(slug).map((one: unknown) => textAt({ one }, "one"));
}
