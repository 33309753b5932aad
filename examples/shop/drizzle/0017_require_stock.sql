SET LOCAL lock_timeout = '5s';
--> statement-breakpoint
ALTER TABLE "products" ADD CONSTRAINT "products_stock_present" CHECK ("stock" IS NOT NULL) NOT VALID;
--> statement-breakpoint
COMMIT;
--> statement-breakpoint
ALTER TABLE "products" VALIDATE CONSTRAINT "products_stock_present";
--> statement-breakpoint
SET lock_timeout = '5s';
--> statement-breakpoint
ALTER TABLE "products" ALTER COLUMN "stock" SET NOT NULL;
--> statement-breakpoint
ALTER TABLE "products" DROP CONSTRAINT "products_stock_present";
