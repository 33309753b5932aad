CREATE TABLE multi (a int4multirange, b tstzmultirange NOT NULL);
