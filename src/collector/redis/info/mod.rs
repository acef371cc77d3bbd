//! The INFO reply.
