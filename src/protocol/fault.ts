// The form of a fault, three sentences, for the command: of `src/`, it imports only `protocol` and exports of the package.
export { type Fault, faultOf, faultText, isFault } from "../base/operator-error.ts";
