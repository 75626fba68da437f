// A fault consists of three sentences: what, why and hint. The Worker and the CLI use the same
// form.
export { type Fault, faultOf, faultText, isFault } from "../base/operator-error.ts";
