// The version of the command.
import manifest from "../package.json" with { type: "json" };

export const { version } = manifest;
