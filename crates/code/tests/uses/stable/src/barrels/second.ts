export * from "./first";
export { users as everyone } from "@/db";
