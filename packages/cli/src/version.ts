// Which release of the command this is.
import manifest from "../package.json" with { type: "json" };

export const { version } = manifest;
