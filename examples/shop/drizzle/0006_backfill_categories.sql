UPDATE "products" SET "category" = 'other' WHERE "category" IS NULL;
