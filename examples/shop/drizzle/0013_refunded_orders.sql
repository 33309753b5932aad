ALTER TYPE "public"."order_status" ADD VALUE 'refunded';--> statement-breakpoint
UPDATE "orders" SET "status" = 'refunded' WHERE "status" = 'cancelled' AND "id" IN (1041, 1077);
