// The Worker to compare with: another checkout, this checkout with another configuration, or both.

export interface Before {
  /** The folder of the other checkout; `undefined` for this checkout. */
  readonly against: string | undefined;
  /** Members that override those of the bench's own configuration. */
  readonly configuration: Readonly<Record<string, unknown>>;
}

/**
 * @param given the options as written
 * @throws Error if both options are missing, or if the configuration is not a JSON object
 */
export function beforeFrom(given: {
  readonly against?: string | undefined;
  readonly configuration?: string | undefined;
}): Before {
  const { against, configuration } = given;
  if (against === undefined && configuration === undefined) {
    throw new Error("Write --against with the folder of a checkout, or --configuration with JSON.");
  }
  return { against, configuration: configuration === undefined ? {} : objectIn(configuration) };
}

/** @returns a phrase that describes the Worker to compare with */
export function beforeSaid({ against, configuration }: Before): string {
  const where = against ?? "the same";
  const over = Object.keys(configuration).length > 0 ? JSON.stringify(configuration) : undefined;
  return over === undefined ? where : `${where} with ${over}`;
}

function objectIn(text: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    parsed = undefined;
  }
  if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) {
    return parsed as Record<string, unknown>;
  }
  throw new Error(
    `--configuration must be a JSON object such as {"heuristics":true}, not ${text}.`,
  );
}
