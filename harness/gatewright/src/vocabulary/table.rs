//! How the one table of steps becomes types, methods and data.

use super::shape::Shape;

/// Someone or something that steps are about.
#[derive(Debug)]
pub struct Subject {
    /// How a step begins that is about it, `NAME` standing for a name: `upstream NAME`.
    pub written: &'static str,
    /// What it is.
    pub doc: &'static str,
    /// What it can do.
    pub steps: &'static [StepEntry],
}

/// A step that a subject can do.
#[derive(Debug)]
pub struct StepEntry {
    /// The words of the step, joined by underscores: the name of the Rust method.
    pub method: &'static str,
    /// What it does, and when it fails.
    pub doc: &'static str,
    /// What it has to be told, if anything.
    pub argument: Option<fn() -> Shape>,
    /// A whole step as a file has it.
    pub example: &'static str,
}

/// A step in the parts that a file has.
#[derive(Debug)]
pub(crate) struct Told {
    /// Who it is about: `upstream app`.
    pub(crate) subject: String,
    /// The words of the step, joined by underscores.
    pub(crate) method: &'static str,
    /// What it is told, as data.
    pub(crate) argument: Option<serde_json::Value>,
}

impl StepEntry {
    /// The words of the step as a file has them.
    pub fn phrase(&self) -> String {
        self.method.replace('_', " ")
    }
}

/// The table's own syntax: each subject with its type, the type of its name if it has one, the type of its steps and how
/// it is written; then each step as `Variant = method(argument: Type), example`.
macro_rules! vocabulary {
    ($(
        $(#[doc = $subject_doc:literal])+
        $Subject:ident $(named $Name:ident)? does $Steps:ident, written $written:literal {$(
            $(#[doc = $doc:literal])+
            $Step:ident = $method:ident($($argument:ident: $Argument:ty)?), $example:literal;
        )+}
    )+) => {
        /// One step of a scenario: who does what.
        ///
        /// It is written as a scenario file has it, `alice opens: "{tunnels.app}"`.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Step {
            $($(#[doc = $subject_doc])+ $Subject($($Name,)? $Steps),)+
        }

        /// Every subject with every step.
        pub const VOCABULARY: &[$crate::vocabulary::table::Subject] = &[$(
            $crate::vocabulary::table::Subject {
                written: $written,
                doc: concat!($($subject_doc, "\n"),+),
                steps: $Steps::ENTRIES,
            },
        )+];

        impl Step {
            /// The step in the parts that a file has.
            pub(crate) fn told(&self) -> $crate::vocabulary::table::Told {
                match self {
                    $(vocabulary!(@bind $Subject name step $($Name)?) => {
                        let (method, argument) = step.told();
                        let subject = vocabulary!(@subject $written name $($Name)?);
                        $crate::vocabulary::table::Told { subject, method, argument }
                    })+
                }
            }

            /// Reads what the subject that is written so does; the reader has seen that there is such a step, and
            /// whether it takes an argument.
            pub(crate) fn read(
                written: &str,
                name: &str,
                method: &str,
                argument: Option<&$crate::vocabulary::reading::Node>,
                reader: &mut $crate::vocabulary::reading::Reader<'_>,
            ) -> Option<Self> {
                $(if written == $written {
                    return $Steps::read(method, argument, reader)
                        .map(|step| Self::$Subject($($Name::from(name),)? step));
                })+
                None
            }
        }

        $(
            $(#[doc = $subject_doc])+
            #[derive(Clone, Debug, PartialEq)]
            pub enum $Steps {
                $($(#[doc = $doc])+ $Step $(($Argument))?,)+
            }

            impl $Steps {
                const ENTRIES: &'static [$crate::vocabulary::table::StepEntry] = &[$(
                    $crate::vocabulary::table::StepEntry {
                        method: stringify!($method),
                        doc: concat!($($doc, "\n"),+),
                        argument: $crate::vocabulary::shape::if_any::<fn() -> $crate::vocabulary::Shape>(&[
                            $(<$Argument as $crate::vocabulary::argument::Argument>::shape)?
                        ]),
                        example: $example,
                    },
                )+];

                fn told(&self) -> (&'static str, Option<::serde_json::Value>) {
                    match self {
                        $(Self::$Step $(($argument))? => {
                            let argument = [$($crate::vocabulary::argument::Argument::write($argument))?];
                            (stringify!($method), argument.into_iter().next())
                        })+
                    }
                }

                fn read(
                    method: &str,
                    argument: Option<&$crate::vocabulary::reading::Node>,
                    reader: &mut $crate::vocabulary::reading::Reader<'_>,
                ) -> Option<Self> {
                    let _ = (&argument, &reader);
                    $(if method == stringify!($method) {
                        return Some(Self::$Step $(({
                            <$Argument as $crate::vocabulary::argument::Argument>::read(argument?, reader)?
                        }))?);
                    })+
                    None
                }
            }

            $(#[doc = $subject_doc])+
            ///
            /// Each method performs one step, and is what a scenario file says in the same words.
            #[derive(Clone)]
            pub struct $Subject {
                $(name: $Name,)?
                stage: ::std::sync::Arc<dyn $crate::vocabulary::performs::Performs>,
            }

            impl $Subject {
                vocabulary!(@new $Subject $($Name)?);

                async fn does(
                    &self,
                    step: $Steps,
                ) -> Result<(), $crate::vocabulary::performs::StepError> {
                    let step = Step::$Subject($(<$Name>::clone(&self.name),)? step);
                    self.stage.perform(&step).await
                }

                $(
                    $(#[doc = $doc])+
                    ///
                    /// In a file:
                    /// ```yaml
                    #[doc = $example]
                    /// ```
                    pub async fn $method(
                        &self,
                        $($argument: impl Into<$Argument>,)?
                    ) -> Result<(), $crate::vocabulary::performs::StepError> {
                        self.does($Steps::$Step $(($argument.into()))?).await
                    }
                )+
            }

            impl ::std::fmt::Debug for $Subject {
                fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                    let mut shown = f.debug_struct(stringify!($Subject));
                    $(shown.field(stringify!($Name), &self.name);)?
                    shown.finish_non_exhaustive()
                }
            }
        )+
    };
    (@bind $Subject:ident $name:ident $step:ident $Name:ident) => { Self::$Subject($name, $step) };
    (@bind $Subject:ident $name:ident $step:ident) => { Self::$Subject($step) };
    (@subject $written:literal $name:ident $Name:ident) => { $written.replace("NAME", $name.as_str()) };
    (@subject $written:literal $name:ident) => { $written.to_owned() };
    (@new $Subject:ident $Name:ident) => {
        /// The one of this name, on this stage; whether there is one is said when a step is performed.
        pub fn new(
            name: impl Into<$Name>,
            stage: ::std::sync::Arc<dyn $crate::vocabulary::performs::Performs>,
        ) -> Self {
            Self { name: name.into(), stage }
        }

        /// The name.
        pub fn name(&self) -> &$Name {
            &self.name
        }
    };
    (@new $Subject:ident) => {
        /// The one of this stage.
        pub fn new(stage: ::std::sync::Arc<dyn $crate::vocabulary::performs::Performs>) -> Self {
            Self { stage }
        }
    };
}

pub(crate) use vocabulary;
