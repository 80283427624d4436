"""What people look at while a synthesis model is trained: pictures and sounds."""
