export * from "./billing";
