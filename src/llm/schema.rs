//! The shape of an answer, which becomes a JSON schema.

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

/// A shape of JSON, of the few kinds that structured outputs need everywhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Shape {
    /// Any string.
    Text,
    /// One of these strings.
    OneOf(Vec<String>),
    /// Any number of one shape.
    List(Box<Shape>),
    /// An object with exactly these entries. Models write them in this order.
    Object(Vec<(String, Shape)>),
}

/// Serializes a [`Shape`] as JSON schema, its properties in their order.
pub(super) struct JsonSchema<'a>(pub(super) &'a Shape);

struct Properties<'a>(&'a [(String, Shape)]);

impl Shape {
    /// A list of strings.
    pub fn texts() -> Self {
        Shape::List(Box::new(Shape::Text))
    }

    /// An object from names and shapes.
    pub fn object<const N: usize>(entries: [(&str, Shape); N]) -> Self {
        Shape::Object(entries.into_iter().map(|(name, shape)| (name.to_owned(), shape)).collect())
    }

    /// The JSON schema as text, in the strict form that structured outputs ask for: all is required, nothing is added.
    ///
    /// ```
    /// use aquiline::llm::Shape;
    /// let shape = Shape::object([("text", Shape::Text)]);
    /// assert_eq!(
    ///     shape.to_json_schema(),
    ///     r#"{"type":"object","properties":{"text":{"type":"string"}},"required":["text"],"additionalProperties":false}"#,
    /// );
    /// ```
    pub fn to_json_schema(&self) -> String {
        serde_json::to_string(&JsonSchema(self)).expect("a schema has only strings for keys")
    }
}

impl Serialize for JsonSchema<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self.0 {
            Shape::Text => map.serialize_entry("type", "string")?,
            Shape::OneOf(names) => {
                map.serialize_entry("type", "string")?;
                map.serialize_entry("enum", names)?;
            }
            Shape::List(of) => {
                map.serialize_entry("type", "array")?;
                map.serialize_entry("items", &JsonSchema(of))?;
            }
            Shape::Object(entries) => {
                map.serialize_entry("type", "object")?;
                map.serialize_entry("properties", &Properties(entries))?;
                map.serialize_entry("required", &entries.iter().map(|(name, _)| name).collect::<Vec<_>>())?;
                map.serialize_entry("additionalProperties", &false)?;
            }
        }
        map.end()
    }
}

impl Serialize for Properties<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, shape)| (name, JsonSchema(shape))))
    }
}
