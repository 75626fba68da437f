// Exports of `tidemark/sinks`: adapters for the databases to which counters and buffers are
// flushed.
// See docs/sinks.md.
export { d1BufferSink, type D1Binding, d1Sink } from "./write-behind/sinks/d1-sink.ts";
export type { ColumnOptions, SinkOptions } from "./write-behind/sinks/sink-table.ts";
export { type SchemaOptions, sinkSchema } from "./write-behind/sinks/sink-schema.ts";
export type {
  Add,
  BufferSink,
  Chunk,
  CounterSink,
  Mark,
  Put,
  ReadFromSink,
  Sink,
} from "./write-behind/sinks/sink.ts";
export { sqlBufferSink, type SqlConnection, sqlSink } from "./write-behind/sinks/sql-sink.ts";
export { OperatorError } from "./base/operator-error.ts";
