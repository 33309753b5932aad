//! Statements without a form of their own.
//!
//! `harmless` means: no lock on a relation, nothing that the schema models, may run in a
//! transaction. Where that can't be said for every form of a statement it is not harmless.

use super::Lower;
use crate::ast::{Other, Stmt};
use pg_raw_parse::{Node, nodes, raw};
use raw::ObjectType as Type;

/// A statement that touches nothing that is modelled.
fn harmless(what: &'static str) -> Stmt {
    Stmt::Other(Other { what, harmless: true, outside_transaction: false })
}

/// A statement of which nothing can be said.
pub(super) fn unknown(what: &'static str) -> Stmt {
    Stmt::Other(Other { what, harmless: false, outside_transaction: false })
}

/// A statement that Postgres refuses inside a transaction block.
fn outside(what: &'static str) -> Stmt {
    Stmt::Other(Other { what, harmless: false, outside_transaction: true })
}

/// Any statement by its words in the manual.
pub(super) fn other(node: Node<'_>) -> Stmt {
    match node {
        Node::CreateRoleStmt(_) => harmless("CREATE ROLE"),
        Node::AlterRoleStmt(_) | Node::AlterRoleSetStmt(_) => harmless("ALTER ROLE"),
        Node::DropRoleStmt(_) => harmless("DROP ROLE"),
        Node::ReassignOwnedStmt(_) => unknown("REASSIGN OWNED"),
        Node::DropOwnedStmt(_) => unknown("DROP OWNED"),
        Node::AlterDefaultPrivilegesStmt(_) => harmless("ALTER DEFAULT PRIVILEGES"),
        Node::SecLabelStmt(_) => harmless("SECURITY LABEL"),
        Node::PrepareStmt(_) => harmless("PREPARE"),
        Node::ExecuteStmt(_) => unknown("EXECUTE"),
        Node::DeallocateStmt(_) => harmless("DEALLOCATE"),
        Node::DeclareCursorStmt(_) => unknown("DECLARE"),
        Node::FetchStmt(fetch) => harmless(if fetch.ismove { "MOVE" } else { "FETCH" }),
        Node::ClosePortalStmt(_) => harmless("CLOSE"),
        Node::ListenStmt(_) => harmless("LISTEN"),
        Node::UnlistenStmt(_) => harmless("UNLISTEN"),
        Node::NotifyStmt(_) => harmless("NOTIFY"),
        Node::CheckPointStmt(_) => harmless("CHECKPOINT"),
        Node::LoadStmt(_) => harmless("LOAD"),
        Node::VariableShowStmt(_) => harmless("SHOW"),
        Node::CreatedbStmt(_) => outside("CREATE DATABASE"),
        Node::DropdbStmt(_) => outside("DROP DATABASE"),
        Node::AlterDatabaseStmt(_)
        | Node::AlterDatabaseRefreshCollStmt(_)
        | Node::AlterDatabaseSetStmt(_) => harmless("ALTER DATABASE"),
        Node::CreateTableSpaceStmt(_) => outside("CREATE TABLESPACE"),
        Node::DropTableSpaceStmt(_) => outside("DROP TABLESPACE"),
        Node::AlterTableSpaceOptionsStmt(_) => harmless("ALTER TABLESPACE"),
        Node::AlterSystemStmt(_) => outside("ALTER SYSTEM"),
        Node::AlterTableMoveAllStmt(_) => unknown("ALTER TABLE ALL IN TABLESPACE"),
        Node::AlterExtensionStmt(_) | Node::AlterExtensionContentsStmt(_) => harmless("ALTER EXTENSION"),
        Node::AlterFunctionStmt(_) => harmless("ALTER FUNCTION"),
        Node::AlterCollationStmt(_) => harmless("ALTER COLLATION"),
        Node::AlterTypeStmt(_) => harmless("ALTER TYPE"),
        Node::AlterOperatorStmt(_) => harmless("ALTER OPERATOR"),
        Node::AlterOpFamilyStmt(_) => harmless("ALTER OPERATOR FAMILY"),
        Node::AlterStatsStmt(_) => harmless("ALTER STATISTICS"),
        Node::AlterObjectDependsStmt(_) => harmless("DEPENDS ON EXTENSION"),
        Node::AlterEventTrigStmt(_) => harmless("ALTER EVENT TRIGGER"),
        Node::AlterTSDictionaryStmt(_) => harmless("ALTER TEXT SEARCH DICTIONARY"),
        Node::AlterTSConfigurationStmt(_) => harmless("ALTER TEXT SEARCH CONFIGURATION"),
        Node::CreateCastStmt(_) => harmless("CREATE CAST"),
        Node::CreateOpClassStmt(_) => harmless("CREATE OPERATOR CLASS"),
        Node::CreateOpFamilyStmt(_) => harmless("CREATE OPERATOR FAMILY"),
        Node::CreateConversionStmt(_) => harmless("CREATE CONVERSION"),
        Node::CreateTransformStmt(_) => harmless("CREATE TRANSFORM"),
        Node::CreateAmStmt(_) => harmless("CREATE ACCESS METHOD"),
        Node::CreatePLangStmt(_) => harmless("CREATE LANGUAGE"),
        Node::CreateEventTrigStmt(_) => harmless("CREATE EVENT TRIGGER"),
        Node::CreateFdwStmt(_) => harmless("CREATE FOREIGN DATA WRAPPER"),
        Node::AlterFdwStmt(_) => harmless("ALTER FOREIGN DATA WRAPPER"),
        Node::CreateForeignServerStmt(_) => harmless("CREATE SERVER"),
        Node::AlterForeignServerStmt(_) => harmless("ALTER SERVER"),
        Node::CreateUserMappingStmt(_) => harmless("CREATE USER MAPPING"),
        Node::AlterUserMappingStmt(_) => harmless("ALTER USER MAPPING"),
        Node::DropUserMappingStmt(_) => harmless("DROP USER MAPPING"),
        Node::ImportForeignSchemaStmt(_) => unknown("IMPORT FOREIGN SCHEMA"),
        // Both take SHARE UPDATE EXCLUSIVE on the tables that they add.
        Node::CreatePublicationStmt(_) => unknown("CREATE PUBLICATION"),
        Node::AlterPublicationStmt(_) => unknown("ALTER PUBLICATION"),
        // With a slot to make or drop, neither may run in a transaction.
        Node::CreateSubscriptionStmt(_) => outside("CREATE SUBSCRIPTION"),
        Node::AlterSubscriptionStmt(_) => unknown("ALTER SUBSCRIPTION"),
        Node::DropSubscriptionStmt(_) => outside("DROP SUBSCRIPTION"),
        _ => unknown("a statement that brolly doesn't know"),
    }
}

/// `DISCARD`. Which one it is the library doesn't say; ALL can't run in a transaction.
pub(super) fn discard(lower: &Lower<'_>) -> Stmt {
    if lower.is_word(1, "all") { outside("DISCARD ALL") } else { harmless("DISCARD") }
}

/// `CREATE AGGREGATE`, `OPERATOR`, `COLLATION`, `TEXT SEARCH ..`.
pub(super) fn define(node: &nodes::DefineStmt) -> Stmt {
    harmless(match node.kind {
        Type::OBJECT_AGGREGATE => "CREATE AGGREGATE",
        Type::OBJECT_OPERATOR => "CREATE OPERATOR",
        Type::OBJECT_COLLATION => "CREATE COLLATION",
        Type::OBJECT_TSPARSER => "CREATE TEXT SEARCH PARSER",
        Type::OBJECT_TSDICTIONARY => "CREATE TEXT SEARCH DICTIONARY",
        Type::OBJECT_TSTEMPLATE => "CREATE TEXT SEARCH TEMPLATE",
        Type::OBJECT_TSCONFIGURATION => "CREATE TEXT SEARCH CONFIGURATION",
        _ => return unknown("CREATE"),
    })
}

/// `DROP` of what has no kind of its own. With CASCADE it may drop columns, indexes and tables.
pub(super) fn drop(kind: Type::Type, cascade: bool) -> Stmt {
    let what = match kind {
        Type::OBJECT_ACCESS_METHOD => "DROP ACCESS METHOD",
        Type::OBJECT_CAST => "DROP CAST",
        Type::OBJECT_COLLATION => "DROP COLLATION",
        Type::OBJECT_CONVERSION => "DROP CONVERSION",
        Type::OBJECT_EVENT_TRIGGER => "DROP EVENT TRIGGER",
        Type::OBJECT_FDW => "DROP FOREIGN DATA WRAPPER",
        Type::OBJECT_FOREIGN_SERVER => "DROP SERVER",
        Type::OBJECT_LANGUAGE => "DROP LANGUAGE",
        Type::OBJECT_OPCLASS => "DROP OPERATOR CLASS",
        Type::OBJECT_OPERATOR => "DROP OPERATOR",
        Type::OBJECT_OPFAMILY => "DROP OPERATOR FAMILY",
        Type::OBJECT_PUBLICATION => "DROP PUBLICATION",
        Type::OBJECT_TRANSFORM => "DROP TRANSFORM",
        Type::OBJECT_TSCONFIGURATION => "DROP TEXT SEARCH CONFIGURATION",
        Type::OBJECT_TSDICTIONARY => "DROP TEXT SEARCH DICTIONARY",
        Type::OBJECT_TSPARSER => "DROP TEXT SEARCH PARSER",
        Type::OBJECT_TSTEMPLATE => "DROP TEXT SEARCH TEMPLATE",
        _ => return unknown("DROP"),
    };
    if cascade { unknown(what) } else { harmless(what) }
}

/// `ALTER .. RENAME TO`, `SET SCHEMA` and `OWNER TO` of what has no kind of its own.
pub(super) fn altered(kind: Type::Type) -> Stmt {
    harmless(match kind {
        Type::OBJECT_COLLATION => "ALTER COLLATION",
        Type::OBJECT_CONVERSION => "ALTER CONVERSION",
        Type::OBJECT_EVENT_TRIGGER => "ALTER EVENT TRIGGER",
        Type::OBJECT_FDW => "ALTER FOREIGN DATA WRAPPER",
        Type::OBJECT_FOREIGN_SERVER => "ALTER SERVER",
        Type::OBJECT_LANGUAGE => "ALTER LANGUAGE",
        Type::OBJECT_LARGEOBJECT => "ALTER LARGE OBJECT",
        Type::OBJECT_OPCLASS => "ALTER OPERATOR CLASS",
        Type::OBJECT_OPERATOR => "ALTER OPERATOR",
        Type::OBJECT_OPFAMILY => "ALTER OPERATOR FAMILY",
        Type::OBJECT_PUBLICATION => "ALTER PUBLICATION",
        Type::OBJECT_SUBSCRIPTION => "ALTER SUBSCRIPTION",
        Type::OBJECT_TABLESPACE => "ALTER TABLESPACE",
        _ => "ALTER TEXT SEARCH",
    })
}
