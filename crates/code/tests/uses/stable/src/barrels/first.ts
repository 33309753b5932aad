export * from "./second";
export const first = 1;
