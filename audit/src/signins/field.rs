//! What a sign-in says, and what each export calls it.
//!
//! Names are compared by their letters and digits alone, whatever their case: `TimeGenerated [UTC]`, `timeGenerated` and
//! `TIMEGENERATED UTC` are one. Where a row says the same thing twice, the name that stands for more counts.

use quoted::Quoted;

use super::Fault;

/// The longest name that is looked at, in letters and digits.
const MAX_NAME: usize = 40;

/// Something that a sign-in says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// When it was; of rows that sum up, one of the times.
    Time,
    /// Of a row that sums up: the first.
    First,
    /// Of a row that sums up: the last.
    Last,
    /// Of a row that sums up: how many.
    Count,
    /// The customer's tenant.
    Tenant,
    /// The tenant, or in Log Analytics the workspace.
    TenantOrWorkspace,
    /// The application.
    Application,
    /// The credential's keyId.
    KeyId,
    /// The certificate's thumbprint.
    Thumbprint,
    /// The kind of credential.
    Method,
    /// From where.
    Address,
    /// How it ended; 0 is well.
    Error,
    /// For which resource the token is.
    Resource,
    /// The row's own id.
    Id,
    /// The token's id.
    Token,
    /// Whose sign-ins the row is of.
    Category,
}

impl Field {
    /// How many there are.
    pub(super) const COUNT: usize = Self::Category as usize + 1;
}

/// A field, and how much a name of it counts beside its others.
pub(super) type Column = Option<(Field, u8)>;

/// Where else fields stand in a row of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Field(Field, u8),
    /// A record's own fields, in an object of their own.
    Properties,
    /// How it ended, in an object of its own.
    Status,
    /// Whose sign-ins: a list of names.
    EventTypes,
    Other,
}

impl Name {
    pub(super) fn of(name: &str) -> Self {
        let mut letters = [0; MAX_NAME];
        let mut length = 0;
        for byte in name.bytes().filter(u8::is_ascii_alphanumeric) {
            let Some(at) = letters.get_mut(length) else { return Self::Other };
            *at = byte.to_ascii_lowercase();
            length += 1;
        }
        Self::of_letters(&letters[..length])
    }

    fn of_letters(letters: &[u8]) -> Self {
        use Field::*;
        match letters {
            b"createddatetime" | b"createddatetimeutc" => Self::Field(Time, 2),
            b"timegenerated" | b"timegeneratedutc" | b"dateutc" | b"date" => Self::Field(Time, 1),
            b"time" => Self::Field(Time, 0),
            b"firstsignindatetime" | b"firstsignindatetimeutc" | b"firstsigninutc" => Self::Field(First, 1),
            b"aggregationdatetime" => Self::Field(First, 0),
            b"lastsignindatetime" | b"lastsignindatetimeutc" | b"lastsigninutc" => Self::Field(Last, 0),
            b"signincount" | b"numberofsignins" | b"signins" => Self::Field(Count, 0),
            b"aadtenantid" => Self::Field(Tenant, 1),
            b"resourcetenantid" => Self::Field(Tenant, 0),
            b"tenantid" => Self::Field(TenantOrWorkspace, 0),
            b"appid" | b"applicationid" => Self::Field(Application, 0),
            b"serviceprincipalcredentialkeyid" => Self::Field(KeyId, 0),
            b"serviceprincipalcredentialthumbprint" => Self::Field(Thumbprint, 0),
            b"clientcredentialtype" => Self::Field(Method, 0),
            b"ipaddress" => Self::Field(Address, 1),
            b"calleripaddress" => Self::Field(Address, 0),
            b"errorcode" | b"signinerrorcode" => Self::Field(Error, 2),
            b"resulttype" => Self::Field(Error, 1),
            b"resourceid" | b"resourceidentity" => Self::Field(Resource, 1),
            b"resourcedisplayname" | b"resource" => Self::Field(Resource, 0),
            b"id" | b"requestid" => Self::Field(Id, 0),
            b"uniquetokenidentifier" => Self::Field(Token, 0),
            b"category" => Self::Field(Category, 0),
            b"properties" => Self::Properties,
            b"status" => Self::Status,
            b"signineventtypes" => Self::EventTypes,
            _ => Self::Other,
        }
    }

    /// The field of a table's column.
    pub(super) fn column(name: &str) -> Column {
        match Self::of(name) {
            Self::Field(field, weight) => Some((field, weight)),
            Self::Status => Some((Field::Error, 0)),
            Self::Properties | Self::EventTypes | Self::Other => None,
        }
    }
}

/// The fields of a table's columns, of which the application and the time must be among them.
pub(super) fn header<'n>(line: u64, names: impl Iterator<Item = &'n str>) -> Result<Vec<Column>, Fault> {
    let mut first = None;
    let columns: Vec<Column> = names
        .inspect(|name| {
            first.get_or_insert(*name);
        })
        .map(Name::column)
        .collect();
    for (field, usual) in [(Field::Application, "AppId"), (Field::Time, "TimeGenerated")] {
        let is_it = |column: &Column| {
            column.is_some_and(|(found, _)| found == field || (field, found) == (Field::Time, Field::First))
        };
        if !columns.iter().any(is_it) {
            let begins = Quoted(first.unwrap_or_default());
            let what = format!(
                "the header, which begins with {begins}, has no column {usual}: these are no service principal's sign-ins"
            );
            return Err(Fault::at(line, what));
        }
    }
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_in_every_writing() {
        for name in ["TimeGenerated [UTC]", "timeGenerated", "TIME GENERATED"] {
            assert_eq!(Name::of(name), Name::Field(Field::Time, 1), "{name}");
        }
        assert_eq!(Name::of("Application ID"), Name::of("appId"));
        assert_eq!(Name::of("Sign-in error code"), Name::Field(Field::Error, 2));
        for name in ["", "appIdentity", "é", &"t".repeat(MAX_NAME + 1)] {
            assert_eq!(Name::of(name), Name::Other, "{name}");
        }
    }

    #[test]
    fn a_table_of_other_things_is_named_by_its_first_column() {
        let error = header(1, ["User", "Date (UTC)"].into_iter()).unwrap_err();
        assert!(error.to_string().contains(r#""User", has no column AppId"#), "{error}");
        assert!(header(1, ["AppId", "User"].into_iter()).is_err());
        assert!(header(1, ["AppId", "firstSignInDateTime"].into_iter()).is_ok());
    }
}
