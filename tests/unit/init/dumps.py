"""A dump as pg_dump 18 writes it, with what it has since August 2025."""

TEXT = r"""--
-- PostgreSQL database dump
--

\restrict XYZ

-- Dumped from database version 18.6
-- Dumped by pg_dump version 18.6

SET statement_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SELECT pg_catalog.set_config('search_path', '', false);

--
-- Name: shop; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA shop;


--
-- Name: postgis; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS postgis WITH SCHEMA public;


--
-- Name: EXTENSION postgis; Type: COMMENT; Schema: -; Owner: -
--

COMMENT ON EXTENSION postgis IS 'geometry';


--
-- Name: lines(text); Type: FUNCTION; Schema: shop; Owner: -
--

CREATE FUNCTION shop.lines(t text) RETURNS text LANGUAGE sql AS $$
-- Name: not an entry
SELECT E'
\restricted is no command'
$$;


--
-- Name: geom; Type: TABLE; Schema: shop; Owner: -
--

CREATE TABLE shop.geom (
    id integer NOT NULL,
    g public.geometry
);


--
-- Name: geom geom_pkey; Type: CONSTRAINT; Schema: shop; Owner: -
--

ALTER TABLE ONLY shop.geom
    ADD CONSTRAINT geom_pkey PRIMARY KEY (id);


--
-- Name: on_g; Type: INDEX; Schema: shop; Owner: -
--

CREATE INDEX on_g ON shop.geom USING btree (id);


--
-- PostgreSQL database dump complete
--

\unrestrict XYZ

"""
